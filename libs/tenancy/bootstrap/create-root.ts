/**
 * The workspace root with its types, exports and bindings, and what changes in it from start to
 * start.
 */
import type { KubeObject, Revision } from '@kcp-ts/api';
import { withCondition } from '@kcp-ts/api';
import { objectKey, stampCreated, storedObject, timestampOf } from '@kcp-ts/registry';
import type { ApiBinding, ApiExport, ApiResourceSchema, BindingReader } from '@kcp-ts/sharing';
import {
  bindingFinalizer,
  claimLabelPrefix,
  evaluateBinding,
  exportHash,
  exportLabel,
  reflexiveClaimHash,
} from '@kcp-ts/sharing';
import type { Operation } from '@kcp-ts/storage';
import { parseStored } from '@kcp-ts/storage';
import { systemAdminOperations } from './adopt-identities.ts';
import type { BootstrapDependencies } from './bootstrap-dependencies.ts';
import { commitAll, putOperation, root } from './bootstrap-dependencies.ts';
import { rootObjects } from './objects/root-objects.ts';

export interface RootOptions {
  readonly externalUrl: string;
  readonly virtualWorkspaceUrl: string;
  readonly caBundle: string;
  readonly shardName: string;
  readonly homeCreatorGroups: readonly string[];
}

const identityBytes = 32;

/** A new identity for an export: its secret, and the export that refers to it. */
function identify(deps: BootstrapDependencies, object: KubeObject, now: string): KubeObject {
  const key = Buffer.from(deps.random.bytes(identityBytes)).toString('base64url');
  const { name } = object.metadata;
  const secret: KubeObject = {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name, namespace: 'kcp-system' },
    data: { key: Buffer.from(key).toString('base64') },
    type: 'Opaque',
  };
  const identityHash = deps.identityHashOf(secret);
  if (identityHash !== undefined) deps.identities.set(name, identityHash);
  object['status'] = { identityHash, conditions: withCondition([], { type: 'IdentityValid', status: 'True' }, now) };
  return secret;
}

/** Of an export that has its uid. */
function endpointSlice(object: KubeObject): KubeObject {
  const { name, uid = '' } = object.metadata;
  const metadata = { name, ownerReferences: [{ apiVersion: 'apis.kcp.io/v1alpha1', kind: 'APIExport', name, uid }] };
  return {
    apiVersion: 'apis.kcp.io/v1alpha1',
    kind: 'APIExportEndpointSlice',
    metadata,
    spec: { export: { name, path: 'root' } },
  };
}

/** Binds as the controller would, with what is about to be stored. */
function bind(binding: KubeObject, objects: readonly KubeObject[], now: string): readonly ApiResourceSchema[] {
  const find = <T extends KubeObject>(kind: string, name: string) =>
    objects.find((object) => object.kind === kind && object.metadata.name === name) as T | undefined;
  const reader: BindingReader = {
    resolve: (path) => path,
    export: (_cluster, name) => find<ApiExport>('APIExport', name),
    schema: (_cluster, name) => find<ApiResourceSchema>('APIResourceSchema', name),
    boundSchema: () => undefined,
    otherBindings: () => [],
    definitions: () => [],
  };
  const hash = exportHash(root, binding.metadata.name);
  binding.metadata.labels = { [exportLabel]: hash, [`${claimLabelPrefix}${hash}`]: reflexiveClaimHash };
  binding.metadata.finalizers = [bindingFinalizer];
  const outcome = evaluateBinding(binding as ApiBinding, root, reader, now, true);
  binding['status'] = outcome.status;
  return outcome.schemas;
}

export async function createRoot(deps: BootstrapDependencies, options: RootOptions): Promise<void> {
  const now = timestampOf(deps.clock.now());
  const { externalUrl, caBundle, shardName } = options;
  const objects = [...rootObjects({ externalUrl, caData: caBundle, shardName, now, exports: deps.rootExports })];
  const operations = systemAdminOperations(deps, now);
  const secrets = objects.filter(({ kind }) => kind === 'APIExport').map((object) => identify(deps, object, now));
  const byKind = (kind: string) => objects.filter((object) => object.kind === kind);
  for (const object of [...byKind('Namespace'), ...secrets]) operations.push(putOperation(deps, root, object, now));
  // Schemas get their UIDs here; bindings, which name them, come after.
  for (const object of [...byKind('APIResourceSchema'), ...byKind('APIExport')])
    operations.push(putOperation(deps, root, object, now));
  for (const object of byKind('APIExport')) operations.push(sliceOperation(deps, endpointSlice(object), now));
  for (const binding of byKind('APIBinding')) {
    for (const schema of bind(binding, objects, now)) {
      const kept = deps.keepSchema(schema);
      if (kept !== undefined) operations.push(kept);
    }
    operations.push(putOperation(deps, root, binding, now));
  }
  const done = new Set(['Namespace', 'APIResourceSchema', 'APIExport', 'APIBinding', 'LogicalCluster']);
  for (const object of objects) if (!done.has(object.kind)) operations.push(putOperation(deps, root, object, now));
  for (const object of byKind('LogicalCluster')) operations.push(putOperation(deps, root, object, now));
  await commitAll(deps, operations);
}

function sliceOperation(deps: BootstrapDependencies, slice: KubeObject, now: string): Operation {
  const served = deps.served('apis.kcp.io', 'apiexportendpointslices');
  stampCreated(slice, { cluster: root, namespace: '', uid: deps.random.uuid(), timestamp: now, generation: true });
  return {
    op: 'put',
    key: objectKey(served, root, '', slice.metadata.name),
    expect: 'any',
    value: (revision: Revision) => storedObject(served, slice, revision, deps.shardNumber),
  };
}

/** A shard that is reached under another URL than before says so. */
export async function updateShard(
  deps: BootstrapDependencies,
  { externalUrl, virtualWorkspaceUrl, shardName }: RootOptions,
): Promise<void> {
  const served = deps.served('core.kcp.io', 'shards');
  const key = objectKey(served, root, '', shardName);
  const entry = deps.store.get(key);
  const spec = { baseURL: externalUrl, externalURL: externalUrl, virtualWorkspaceURL: virtualWorkspaceUrl };
  if (entry === undefined) return;
  const object = parseStored<KubeObject>(entry.value);
  if (JSON.stringify(object['spec']) === JSON.stringify(spec)) return;
  object['spec'] = spec;
  await deps.store.commit([
    {
      op: 'put',
      key,
      expect: entry.revision,
      value: (revision) => storedObject(served, object, revision, deps.shardNumber),
    },
  ]);
}

const homeBinding = 'system:kcp:configured-group:home-clusterworkspace-create';

/** Who may have a home workspace is the operator's to say, at every start. */
export async function updateHomeCreators(
  deps: BootstrapDependencies,
  { homeCreatorGroups }: RootOptions,
): Promise<void> {
  const served = deps.served('rbac.authorization.k8s.io', 'clusterrolebindings');
  const key = objectKey(served, root, '', homeBinding);
  const entry = deps.store.get(key);
  if (entry === undefined) return;
  const object = parseStored<KubeObject>(entry.value);
  const subjects = homeCreatorGroups.map((name) => ({ kind: 'Group', apiGroup: 'rbac.authorization.k8s.io', name }));
  if (JSON.stringify(object['subjects']) === JSON.stringify(subjects)) return;
  object['subjects'] = subjects;
  const value = (revision: Revision) => storedObject(served, object, revision, deps.shardNumber);
  await deps.store.commit([{ op: 'put', key, expect: entry.revision, value }]);
}
