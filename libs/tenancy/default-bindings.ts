/**
 * The APIBindings that a workspace's type asks for, bound at once where everything they refer to is
 * there.
 */
import type { ClusterName, KubeObject, LogicalClusterName } from '@kcp-ts/api';
import { isTrueCondition } from '@kcp-ts/api';
import type { ApiBinding, ApiExport, ApiResourceSchema, BindingClaim, BindingReader } from '@kcp-ts/sharing';
import {
  bindingFinalizer,
  claimLabelPrefix,
  defaultBindingName,
  evaluateBinding,
  exportHash,
  exportLabel,
  reflexiveClaimHash,
  withPolicyOf,
} from '@kcp-ts/sharing';
import type { Operation } from '@kcp-ts/storage';
import type { NewObject } from './initial-objects.ts';
import { meantClusters } from './meant-clusters.ts';
import type { BindingLifecycle } from './types.ts';
import { lifecycleAnnotation, pathAnnotation } from './types.ts';
import type { ResolvedType } from './workspace-types.ts';

export interface DefaultBinding {
  readonly path: string;
  readonly export: string;
  /** What the author of the type meant by the path, where that is known. */
  readonly cluster: string | undefined;
  /** Undefined if no type that lists the binding sets it: behaves as InitializeOnly. */
  readonly lifecycle: BindingLifecycle | undefined;
}

/** The union over a type and all that it extends, in that order. */
export function defaultBindingsOf(aliases: readonly ResolvedType[]): DefaultBinding[] {
  const seen = new Map<string, DefaultBinding>();
  for (const alias of aliases) {
    const meant = meantClusters(alias.type);
    for (const { path, export: name } of alias.type.spec?.defaultAPIBindings ?? []) {
      const cluster = path === undefined ? alias.cluster : meant.get(path);
      const id = `${path ?? alias.path}:${name}`;
      const lifecycle =
        seen.get(id)?.lifecycle === 'Maintain' ? 'Maintain' : alias.type.spec?.defaultAPIBindingLifecycle;
      seen.set(id, { path: path ?? alias.path, export: name, cluster, lifecycle });
    }
  }
  return [...seen.values()];
}

export interface DefaultBindingsDependencies {
  resolve(path: string): string | undefined;
  export(cluster: LogicalClusterName, name: string): ApiExport | undefined;
  schema(cluster: LogicalClusterName, name: string): ApiResourceSchema | undefined;
  boundSchema(uid: string): ApiResourceSchema | undefined;
  /** The operation that keeps a copy of a schema; undefined where it is kept. */
  keepSchema(schema: ApiResourceSchema): Operation | undefined;
}

/** How many schemas are copied in that commit; what brings more is bound afterwards. */
const copiesMax = 32;

/** Every claim of the export accepted, as the author of the type decided. */
export function acceptedClaims(source: ApiExport | undefined): BindingClaim[] {
  return (source?.spec?.permissionClaims ?? []).map(({ defaultSelector, ...claim }) => ({
    ...claim,
    selector: defaultSelector ?? { matchAll: true },
    state: 'Accepted',
  }));
}

/** The APIBinding that a type asks for, in a workspace of some path. */
export function defaultBindingObject(
  cluster: ClusterName,
  path: string,
  wanted: DefaultBinding,
  exportCluster: string | undefined,
  source: ApiExport | undefined,
): KubeObject {
  const hash = exportCluster === undefined ? undefined : exportHash(exportCluster, wanted.export);
  const claims = acceptedClaims(source);
  return {
    apiVersion: 'apis.kcp.io/v1alpha2',
    kind: 'APIBinding',
    metadata: {
      name: defaultBindingName(cluster, wanted.path, wanted.export),
      ...(hash === undefined
        ? {}
        : { labels: { [exportLabel]: hash, [`${claimLabelPrefix}${hash}`]: reflexiveClaimHash } }),
      annotations: {
        [pathAnnotation]: path,
        ...(wanted.lifecycle === undefined ? {} : { [lifecycleAnnotation]: wanted.lifecycle }),
        ...(source === undefined ? {} : withPolicyOf(source, exportCluster, undefined)),
      },
      finalizers: [bindingFinalizer],
    },
    spec: {
      reference: { export: { path: wanted.path, name: wanted.export } },
      ...(claims.length === 0 ? {} : { permissionClaims: claims }),
    },
  };
}

export interface PlannedBindings {
  readonly objects: readonly NewObject[];
  /** The copies of schemas that are kept with them. */
  readonly copies: readonly Operation[];
  readonly allBound: boolean;
}

/**
 * Binds as the controller would, one after the other, so that a later binding sees what an earlier
 * one took.
 */
export function planBindings(
  deps: DefaultBindingsDependencies,
  cluster: ClusterName,
  path: string,
  wanted: readonly DefaultBinding[],
  now: string,
): PlannedBindings {
  const others: ApiBinding[] = [];
  const objects: NewObject[] = [];
  const copies = new Map<string, Operation>();
  let allBound = true;
  for (const binding of wanted) {
    const exportCluster = binding.cluster ?? deps.resolve(binding.path);
    const source = exportCluster === undefined ? undefined : deps.export(exportCluster, binding.export);
    const object = defaultBindingObject(cluster, path, binding, exportCluster, source);
    const reader: BindingReader = { ...deps, otherBindings: () => others, definitions: () => [] };
    const outcome = evaluateBinding(object as ApiBinding, cluster, reader, now, true);
    const bound = isTrueCondition(outcome.status.conditions, 'InitialBindingCompleted');
    // A claim shows objects of this workspace to others: the controller labels them, so the binding
    // is not done before.
    const claims = (outcome.status.appliedPermissionClaims ?? []).length > 0;
    const copied = bound && !claims ? outcome.schemas.flatMap((schema) => deps.keepSchema(schema) ?? []) : [];
    const fresh = new Map(copied.filter(({ key }) => !copies.has(key)).map((copy) => [copy.key, copy]));
    if (bound && !claims && copies.size + fresh.size <= copiesMax) {
      object['status'] = outcome.status;
      for (const [key, copy] of fresh) copies.set(key, copy);
      others.push(object as ApiBinding);
    } else allBound = false;
    objects.push({ group: 'apis.kcp.io', plural: 'apibindings', namespace: '', object });
  }
  return { objects, copies: [...copies.values()], allBound };
}
