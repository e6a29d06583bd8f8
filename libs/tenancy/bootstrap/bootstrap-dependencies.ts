/** What a bootstrap needs of the shard, and how it stores objects before anything serves them. */
import type { ClusterName, IdentityHash, KubeObject, Revision } from '@kcp-ts/api';
import { asClusterName, writeRulesOf } from '@kcp-ts/api';
import type { Clock, Random } from '@kcp-ts/base';
import type { ServedResource } from '@kcp-ts/registry';
import { objectKey, stampCreated, storedObject } from '@kcp-ts/registry';
import type { ApiResourceSchema } from '@kcp-ts/sharing';
import type { Operation, Store } from '@kcp-ts/storage';
import type { RootExport } from '../root-exports.ts';

/** Identity hashes of root's exports, as they become known, by the name of the export. */
export interface KnownIdentities {
  get(exportName: string): IdentityHash | undefined;
  set(exportName: string, identityHash: IdentityHash): void;
}

export interface BootstrapDependencies {
  readonly store: Pick<Store, 'get' | 'head' | 'commit' | 'fault'>;
  /** Objects of this shard, and the replicated ones of others. */
  readonly ofAllShards: Pick<Store, 'get'>;
  /** Called with every change of this shard, and of other shards' replicated objects. */
  readonly changes: { onChanges(listener: () => void): Disposable };
  /** What `root` exports. */
  readonly rootExports: readonly RootExport[];
  readonly identities: KnownIdentities;
  readonly clock: Pick<Clock, 'now'>;
  readonly random: Pick<Random, 'uuid' | 'bytes'>;
  readonly shardNumber: number;
  served(group: string, plural: string): ServedResource;
  /** Keeps a schema that is bound; undefined where it is kept. */
  keepSchema(schema: ApiResourceSchema): Operation | undefined;
  /** The hash of the key of an export's secret. */
  identityHashOf(secret: KubeObject): IdentityHash | undefined;
}

export const root = asClusterName('root');
const batch = 100;

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

export function putOperation(
  deps: BootstrapDependencies,
  cluster: ClusterName,
  object: KubeObject,
  now: string,
): Operation {
  const served = deps.served(groupOf(object), pluralOf[object.kind] ?? '');
  const namespace = object.metadata.namespace ?? '';
  const generation = writeRulesOf(served.definition).countsGenerations;
  stampCreated(object, { cluster, namespace, uid: deps.random.uuid(), timestamp: now, generation });
  served.schema.applyDefaults(object);
  return {
    op: 'put',
    key: objectKey(served, cluster, namespace, object.metadata.name),
    expect: 'any',
    value: (revision: Revision) => storedObject(served, object, revision, deps.shardNumber),
  };
}

export async function commitAll(deps: BootstrapDependencies, operations: readonly Operation[]): Promise<void> {
  for (let i = 0; i < operations.length; i += batch) await deps.store.commit(operations.slice(i, i + batch));
}
