/**
 * Metadata that controllers act on, and that is therefore the server's: where a workspace was
 * placed, who made it, which workspace waits for whose finalizer. What a client sends of it is
 * replaced by what is stored, so nothing that a tenant writes is an order to a controller.
 * Controllers commit by themselves and do not come this way; what a strategy sets, it sets
 * afterwards.
 */
import type { KubeObject, UserInfo } from '@kcp-ts/api';
import { bindingFinalizer, exportLabel, policyAnnotation } from '@kcp-ts/sharing';
import {
  clusterNameAnnotation,
  lifecycleAnnotation,
  meantClustersAnnotation,
  ownerAnnotation,
  pathAnnotation,
  phaseLabel,
  requiredGroupsAnnotation,
  shardAnnotation,
  shardHashAnnotation,
  typeAnnotation,
  typeClusterAnnotation,
  workspaceFinalizer,
} from '@kcp-ts/tenancy';
import type { AdmissionPlugin } from '../plugin.ts';

export interface ServerOwnedMetadata {
  /** `<plural>.<group>` of the stored resource; `*` for every resource. */
  readonly resource: string;
  readonly annotations?: readonly string[];
  readonly labels?: readonly string[];
  /** Labels whose keys start with one of these. */
  readonly labelPrefixes?: readonly string[];
  readonly finalizers?: readonly string[];
  /** Members of `system:masters` may write it after all. */
  readonly exceptMasters?: boolean;
}

const lifecycleLabels = ['initializer.internal.kcp.io/', 'terminator.internal.kcp.io/'];

/** The whole table; a test tries every row. */
export const serverOwnedMetadata: readonly ServerOwnedMetadata[] = [
  { resource: '*', annotations: ['internal.kcp.io/replicate'] },
  {
    resource: 'workspaces.tenancy.kcp.io',
    annotations: [clusterNameAnnotation, shardAnnotation, shardHashAnnotation, ownerAnnotation, typeClusterAnnotation],
    labels: [phaseLabel],
    labelPrefixes: lifecycleLabels,
    finalizers: [workspaceFinalizer],
  },
  {
    resource: 'logicalclusters.core.kcp.io',
    annotations: [typeAnnotation, typeClusterAnnotation, pathAnnotation, shardAnnotation, ownerAnnotation],
    labels: [phaseLabel],
    labelPrefixes: lifecycleLabels,
  },
  // Which users an organization lets in: kcp lets its operators say so for each workspace.
  { resource: 'workspaces.tenancy.kcp.io', annotations: [requiredGroupsAnnotation], exceptMasters: true },
  { resource: 'logicalclusters.core.kcp.io', annotations: [requiredGroupsAnnotation], exceptMasters: true },
  { resource: 'workspacetypes.tenancy.kcp.io', annotations: [meantClustersAnnotation] },
  {
    resource: 'apibindings.apis.kcp.io',
    annotations: [lifecycleAnnotation, policyAnnotation],
    labels: [exportLabel],
    finalizers: [bindingFinalizer],
  },
];

type Texts = Readonly<Record<string, string>> | undefined;

/** `sent` with what is owned taken from `stored`; the same value where that changes nothing. */
function keepTexts(sent: Texts, stored: Texts, isOwned: (key: string) => boolean): Texts {
  const owned = Object.keys({ ...sent, ...stored }).filter(isOwned);
  if (owned.every((key) => sent?.[key] === stored?.[key])) return sent;
  const kept: Record<string, string> = {};
  for (const [key, value] of Object.entries(sent ?? {})) if (!isOwned(key)) kept[key] = value;
  for (const [key, value] of Object.entries(stored ?? {})) if (isOwned(key)) kept[key] = value;
  return Object.keys(kept).length === 0 ? undefined : kept;
}

function keepFinalizers(
  sent: readonly string[] | undefined,
  stored: readonly string[] | undefined,
  owned: readonly string[],
): string[] | undefined {
  const kept = (sent ?? []).filter((finalizer) => !owned.includes(finalizer) || stored?.includes(finalizer) === true);
  const missing = (stored ?? []).filter((finalizer) => owned.includes(finalizer) && !kept.includes(finalizer));
  const finalizers = [...kept, ...missing];
  return finalizers.length === 0 ? undefined : finalizers;
}

function keepRow(definition: ServerOwnedMetadata, object: KubeObject, old: KubeObject | undefined): void {
  const { metadata } = object;
  const stored = old?.metadata;
  const { annotations = [], labels = [], labelPrefixes = [], finalizers = [] } = definition;
  if (annotations.length > 0) {
    // Most objects have none of them: that costs a look at each, whatever else the object carries.
    const differs = annotations.some((key) => metadata.annotations?.[key] !== stored?.annotations?.[key]);
    const kept = differs
      ? keepTexts(metadata.annotations, stored?.annotations, (key) => annotations.includes(key))
      : metadata.annotations;
    if (kept !== undefined) metadata.annotations = kept;
    else if (differs) delete metadata.annotations;
  }
  if (labels.length > 0 || labelPrefixes.length > 0) {
    const isOwned = (key: string) => labels.includes(key) || labelPrefixes.some((prefix) => key.startsWith(prefix));
    const kept = keepTexts(metadata.labels, stored?.labels, isOwned);
    if (kept === undefined) delete metadata.labels;
    else metadata.labels = kept;
  }
  if (finalizers.length > 0) {
    const kept = keepFinalizers(metadata.finalizers, stored?.finalizers, finalizers);
    if (kept === undefined) delete metadata.finalizers;
    else metadata.finalizers = kept;
  }
}

const definitionsByResource = new Map<string, readonly ServerOwnedMetadata[]>();
for (const { resource } of serverOwnedMetadata)
  definitionsByResource.set(
    resource,
    serverOwnedMetadata.filter((definition) => definition.resource === resource || definition.resource === '*'),
  );
const definitionsOfAll = serverOwnedMetadata.filter(({ resource }) => resource === '*');

/**
 * Puts server-owned metadata back: from the stored object on an update, to nothing on a create.
 * `resource`: `<plural>.<group>` of the stored resource.
 */
export function keepServerOwnedMetadata(
  resource: string,
  object: KubeObject,
  old: KubeObject | undefined,
  user: UserInfo,
): void {
  for (const definition of definitionsByResource.get(resource) ?? definitionsOfAll) {
    if (definition.exceptMasters === true && user.groups.includes('system:masters')) continue;
    keepRow(definition, object, old);
  }
}

export function createServerOwnedMetadata(): AdmissionPlugin {
  return {
    name: 'ServerOwnedMetadata',
    operations: ['CREATE', 'UPDATE'],
    admit({ served, object, oldObject, user }) {
      if (object === undefined) return;
      const { group, plural } = served.definition;
      keepServerOwnedMetadata(`${plural}.${group}`, object, oldObject, user);
    },
  };
}
