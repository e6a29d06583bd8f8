/** What the making of workspaces and the reading of paths need of a shard. */
import type { LogicalClusterName, WorkspacePath } from '@kcp-ts/api';
import { isWorkspacePath, StatusError } from '@kcp-ts/api';
import type { ApiResourceSchema } from '@kcp-ts/sharing';
import { boundSchemaKey, exportKey, schemaKey } from '@kcp-ts/sharing';
import type { ParsedReader, Store } from '@kcp-ts/storage';
import { parseKey } from '@kcp-ts/storage';
import type { PlanDependencies } from './plan-workspace.ts';
import { rootPrefixesOf } from './root-prefixes.ts';
import type { Shard, WorkspaceType } from './types.ts';
import type { ResolvedType, WorkspaceTypes } from './workspace-types.ts';
import { createWorkspaceTypes } from './workspace-types.ts';

/** What is known of a logical cluster, of this shard or another one. */
export interface KnownCluster {
  readonly path: string;
  /** The logical cluster of its parent workspace. */
  readonly parent: string | undefined;
}

type FromShard = 'served' | 'uuid' | 'shardNumber' | 'random' | 'caBundle' | 'placing' | 'keepSchema';

export interface TenancyDependencies extends Pick<PlanDependencies, FromShard> {
  readonly store: Pick<Store, 'unchanged' | 'scan'>;
  /** Objects of this shard, and the replicated ones of others. */
  readonly objects: Pick<Store, 'scan'>;
  /** The replicated objects of other shards alone. */
  readonly replicated: Pick<Store, 'scan'> | undefined;
  readonly reader: ParsedReader;
  /**
   * The logical cluster that a path means; undefined where it means none that can be reached now.
   */
  locate(path: WorkspacePath): string | undefined;
  cluster(name: string): KnownCluster | undefined;
  /** Where objects of a kind that root exports are stored. */
  prefix(group: string, plural: string): string;
}

export interface Tenancy {
  readonly types: WorkspaceTypes;
  readonly plan: PlanDependencies;
  resolve(path: string): string | undefined;
  pathOf(cluster: LogicalClusterName): string;
  shards(): readonly Shard[];
  /** The types of all workspaces, on this shard and others. */
  allTypes(): Iterable<ResolvedType>;
}

const typesMax = 10_000;
const shardsMax = 4_096;

export function createTenancy(deps: TenancyDependencies): Tenancy {
  const { store, objects, reader, cluster } = deps;
  const { shardsPrefix, typesPrefix } = rootPrefixesOf(deps);
  const resolve = (path: string) =>
    isWorkspacePath(path) || path.startsWith('system:') ? deps.locate(path as WorkspacePath) : undefined;
  const pathOf = (name: string) => cluster(name)?.path ?? name;
  const shards = () =>
    objects.scan({ prefix: `${shardsPrefix()}root/` }, shardsMax).map((entry) => reader.parse<Shard>(entry));
  const types = createWorkspaceTypes({
    reader,
    resolve,
    pathOf,
    parentOf: (name) => cluster(name)?.parent,
    typesPrefix,
  });
  const { served, uuid, shardNumber, random, caBundle, placing, keepSchema } = deps;
  const plan: PlanDependencies = {
    served,
    uuid,
    shardNumber,
    random,
    caBundle,
    placing,
    keepSchema,
    shards,
    resolve,
    export: (owner, name) => reader.get(exportKey(owner, name)),
    schema: (owner, name) => reader.get<ApiResourceSchema>(schemaKey(owner, name)),
    boundSchema: (uid) => reader.get<ApiResourceSchema>(boundSchemaKey(uid)),
    nothingIn(name) {
      const condition = store.unchanged({ cluster: name });
      if (store.scan({ cluster: name }, 1).length > 0)
        throw new StatusError(
          'ServiceUnavailable',
          `logical cluster ${name} is not empty: what was in a former one is not gone yet`,
          { retryAfterSeconds: 1 },
        );
      return condition;
    },
  };
  function* allTypes(): Generator<ResolvedType> {
    const prefix = typesPrefix();
    for (const from of [store, deps.replicated])
      for (const entry of from?.scan({ prefix }, typesMax) ?? []) {
        const { cluster: owner, name } = parseKey(entry.key);
        yield { cluster: owner, path: pathOf(owner), name, type: reader.parse<WorkspaceType>(entry) };
      }
  }
  return { types, plan, resolve, pathOf, shards, allTypes };
}
