/**
 * What must be there before anybody comes. On every shard: RBAC of system:admin. On the shard that holds root: root with its types, exports and
 * bindings; finding root's LogicalCluster means that it has been bootstrapped, and since that object is written last, an interrupted bootstrap begins
 * again and overwrites. The others take over the identities of root's exports, and keep them: after that they start without asking anybody.
 */

import type { ClusterName, KubeObject, Revision } from '@kcp-ts/api';
import { asClusterName, withCondition, writeRulesOf } from '@kcp-ts/api';
import { rootExports, rootObjects, systemAdminObjects } from '@kcp-ts/apis';
import { identityHashOf } from '@kcp-ts/controllers';
import { objectKey, stampCreated, storedObject, timestampOf } from '@kcp-ts/registry';
import { logicalClusterKey } from '@kcp-ts/sharding';
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
import type { RootIdentities } from '@kcp-ts/tenancy';
import { identitiesOfExports, keptIdentities } from '@kcp-ts/tenancy';
import type { Core } from './core.ts';

export interface BootstrapDependencies {
  readonly core: Core;
  readonly externalUrl: string;
  readonly virtualWorkspaceUrl: string;
  readonly caBundle: string;
  readonly shardName: string;
  readonly homeCreatorGroups: readonly string[];
  /** The workspace root is on this shard. */
  readonly holdsRoot: boolean;
}

const root = asClusterName('root');
const systemAdmin = asClusterName('system:admin');
const batch = 100;
const identityBytes = 32;

const pluralOf: Readonly<Record<string, string>> = {
  Namespace: 'namespaces',
  ServiceAccount: 'serviceaccounts',
  ConfigMap: 'configmaps',
  Secret: 'secrets',
  ClusterRole: 'clusterroles',
  ClusterRoleBinding: 'clusterrolebindings',
  Role: 'roles',
  RoleBinding: 'rolebindings',
  LogicalCluster: 'logicalclusters',
  Shard: 'shards',
  WorkspaceType: 'workspacetypes',
  APIResourceSchema: 'apiresourceschemas',
  APIExport: 'apiexports',
  APIBinding: 'apibindings',
};

function groupOf(object: KubeObject): string {
  return object.apiVersion.includes('/') ? object.apiVersion.slice(0, object.apiVersion.indexOf('/')) : '';
}

function take(core: Core, identities: RootIdentities | undefined): boolean {
  for (const [name, hash] of identities ?? []) core.identities.set(name, hash);
  return identities !== undefined;
}

/** The identities of root's exports, where they are known: stored here, or heard of from the shard that holds root. */
function readIdentities(core: Core): boolean {
  return take(core, identitiesOfExports(core.everywhere));
}

/** Resolves when the shard that holds root has been heard of with all its exports. */
async function awaitIdentities(core: Core): Promise<void> {
  if (readIdentities(core)) return;
  await new Promise<void>((resolve) => {
    const following = core.changes.onChanges(() => {
      if (!readIdentities(core)) return;
      following[Symbol.dispose]();
      resolve();
    });
  });
}

function keepIdentities(core: Core, now: string): Operation {
  const data = Object.fromEntries(rootExports.map(({ name }) => [name, core.identities.get(name) ?? '']));
  const metadata = { name: 'apiexport-identity-cache', namespace: 'default' };
  return putOperation(
    core,
    asClusterName('system:shard'),
    { apiVersion: 'v1', kind: 'ConfigMap', metadata, data },
    now,
  );
}

/** A shard that does not hold root: its own RBAC first, then what it needs of root. */
async function joinInstallation(core: Core): Promise<void> {
  if (take(core, keptIdentities(core.store))) return;
  const now = timestampOf(core.clock.now());
  await commitAll(core, systemAdminOperations(core, now));
  await awaitIdentities(core);
  await core.store.commit([keepIdentities(core, now)]);
}

function systemAdminOperations(core: Core, now: string): Operation[] {
  return systemAdminObjects().map((object) => putOperation(core, systemAdmin, structuredClone(object), now));
}

function putOperation(core: Core, cluster: ClusterName, object: KubeObject, now: string): Operation {
  const served = core.served(groupOf(object), pluralOf[object.kind] ?? '');
  const namespace = object.metadata.namespace ?? '';
  const generation = writeRulesOf(served.definition).countsGenerations;
  stampCreated(object, { cluster, namespace, uid: core.random.uuid(), timestamp: now, generation });
  served.schema.applyDefaults(object);
  return {
    op: 'put',
    key: objectKey(served, cluster, namespace, object.metadata.name),
    expect: 'any',
    value: (revision: Revision) => storedObject(served, object, revision, core.shardNumber),
  };
}

/** A new identity for an export: its secret, and the export that refers to it. */
function identify(core: Core, object: KubeObject, now: string): KubeObject {
  const key = Buffer.from(core.random.bytes(identityBytes)).toString('base64url');
  const { name } = object.metadata;
  const secret: KubeObject = {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name, namespace: 'kcp-system' },
    data: { key: Buffer.from(key).toString('base64') },
    type: 'Opaque',
  };
  const identityHash = identityHashOf(secret);
  if (identityHash !== undefined) core.identities.set(name, identityHash);
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

async function commitAll(core: Core, operations: readonly Operation[]): Promise<void> {
  for (let i = 0; i < operations.length; i += batch) await core.store.commit(operations.slice(i, i + batch));
}

async function create(deps: BootstrapDependencies): Promise<void> {
  const { core } = deps;
  const now = timestampOf(core.clock.now());
  const objects = [
    ...rootObjects({ externalUrl: deps.externalUrl, caData: deps.caBundle, shardName: deps.shardName, now }),
  ];
  const operations = systemAdminOperations(core, now);
  const secrets = objects.filter(({ kind }) => kind === 'APIExport').map((object) => identify(core, object, now));
  const byKind = (kind: string) => objects.filter((object) => object.kind === kind);
  for (const object of [...byKind('Namespace'), ...secrets]) operations.push(putOperation(core, root, object, now));
  // Schemas get their UIDs here; bindings, which name them, come after.
  for (const object of [...byKind('APIResourceSchema'), ...byKind('APIExport')])
    operations.push(putOperation(core, root, object, now));
  for (const object of byKind('APIExport')) operations.push(sliceOperation(core, endpointSlice(object), now));
  for (const binding of byKind('APIBinding')) {
    for (const schema of bind(binding, objects, now)) {
      const kept = core.keepSchema(schema);
      if (kept !== undefined) operations.push(kept);
    }
    operations.push(putOperation(core, root, binding, now));
  }
  const done = new Set(['Namespace', 'APIResourceSchema', 'APIExport', 'APIBinding', 'LogicalCluster']);
  for (const object of objects) if (!done.has(object.kind)) operations.push(putOperation(core, root, object, now));
  for (const object of byKind('LogicalCluster')) operations.push(putOperation(core, root, object, now));
  await commitAll(core, operations);
}

function sliceOperation(core: Core, slice: KubeObject, now: string): Operation {
  const served = core.served('apis.kcp.io', 'apiexportendpointslices');
  stampCreated(slice, { cluster: root, namespace: '', uid: core.random.uuid(), timestamp: now, generation: true });
  return {
    op: 'put',
    key: objectKey(served, root, '', slice.metadata.name),
    expect: 'any',
    value: (revision: Revision) => storedObject(served, slice, revision, core.shardNumber),
  };
}

/** A shard that is reached under another URL than before says so. */
async function updateShard(deps: BootstrapDependencies): Promise<void> {
  const { core, externalUrl, virtualWorkspaceUrl, shardName } = deps;
  const served = core.served('core.kcp.io', 'shards');
  const key = objectKey(served, root, '', shardName);
  const entry = core.store.get(key);
  const spec = { baseURL: externalUrl, externalURL: externalUrl, virtualWorkspaceURL: virtualWorkspaceUrl };
  if (entry === undefined) return;
  const object = parseStored<KubeObject>(entry.value);
  if (JSON.stringify(object['spec']) === JSON.stringify(spec)) return;
  object['spec'] = spec;
  await core.store.commit([
    {
      op: 'put',
      key,
      expect: entry.revision,
      value: (revision) => storedObject(served, object, revision, core.shardNumber),
    },
  ]);
}

const homeBinding = 'system:kcp:configured-group:home-clusterworkspace-create';

/** Who may have a home workspace is the operator's to say, at every start. */
async function updateHomeCreators({ core, homeCreatorGroups }: BootstrapDependencies): Promise<void> {
  const served = core.served('rbac.authorization.k8s.io', 'clusterrolebindings');
  const key = objectKey(served, root, '', homeBinding);
  const entry = core.store.get(key);
  if (entry === undefined) return;
  const object = parseStored<KubeObject>(entry.value);
  const subjects = homeCreatorGroups.map((name) => ({ kind: 'Group', apiGroup: 'rbac.authorization.k8s.io', name }));
  if (JSON.stringify(object['subjects']) === JSON.stringify(subjects)) return;
  object['subjects'] = subjects;
  const value = (revision: Revision) => storedObject(served, object, revision, core.shardNumber);
  await core.store.commit([{ op: 'put', key, expect: entry.revision, value }]);
}

/** What there is can be read and deleted without room for more: a store that is full goes on saying what it said, and tells its fault itself. */
async function unlessFull({ store }: Core, update: () => Promise<void>): Promise<void> {
  try {
    await update();
  } catch (error) {
    if (store.fault() === undefined) throw error;
  }
}

/** Resolves when everything is there and root's identities are known. */
export async function bootstrap(deps: BootstrapDependencies): Promise<void> {
  const { core, holdsRoot } = deps;
  if (!holdsRoot) return joinInstallation(core);
  if (!readIdentities(core) || core.store.head(logicalClusterKey(root)) === undefined) await create(deps);
  await unlessFull(core, () => updateShard(deps));
  await unlessFull(core, () => updateHomeCreators(deps));
}
