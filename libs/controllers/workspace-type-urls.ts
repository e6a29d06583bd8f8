/**
 * WorkspaceTypes say where those who prepare and clean up their workspaces find them, at each
 * shard; a type is ready when it says so.
 */
import { isDeepStrictEqual } from 'node:util';
import type { Condition, KubeObject } from '@kcp-ts/api';
import { withCondition, withSummary } from '@kcp-ts/api';
import type { Controller } from '@kcp-ts/controller-runtime';
import { commit, nothing } from '@kcp-ts/controller-runtime';
import { flagDeleting, parseKey, storedFlags } from '@kcp-ts/storage';
import type { Shard } from '@kcp-ts/tenancy';
import { lifecycleId } from '@kcp-ts/tenancy';
import type { ControllerDependencies } from './writer.ts';
import { objectOf, replaceOperation, timestamp } from './writer.ts';

export interface WorkspaceTypeUrlsDependencies extends ControllerDependencies {
  shards(): readonly Shard[];
  /** `tenancy.kcp.io/workspacetypes/<identity>/`. */
  typesPrefix(): string;
  /** `core.kcp.io/shards/<identity>/`. */
  shardsPrefix(): string;
}

const lifecycles = ['initializing', 'terminating'] as const;
const urlsReady = 'VirtualWorkspaceURLsReady';

interface VirtualWorkspace {
  readonly type: (typeof lifecycles)[number];
  readonly url: string;
}

interface Type extends KubeObject {
  status?: { conditions?: readonly Condition[]; virtualWorkspaces?: readonly VirtualWorkspace[] };
}

export function createWorkspaceTypeUrls(deps: WorkspaceTypeUrlsDependencies): Controller {
  /** The keys of all types: reconciled when a shard changes. */
  const types = new Set<string>();

  function virtualWorkspaces(id: string): readonly VirtualWorkspace[] {
    const urls = deps.shards().flatMap(({ spec }) => spec?.virtualWorkspaceURL ?? spec?.baseURL ?? []);
    return [...new Set(urls)]
      .sort()
      .flatMap((url) => lifecycles.map((type) => ({ type, url: `${url}/services/${type}workspaces/${id}` })));
  }

  return {
    name: 'workspace-type-urls',
    watches: [
      { prefix: deps.shardsPrefix, keys: () => [...types] },
      {
        prefix: deps.typesPrefix,
        initial({ key }) {
          types.add(key);
          return [key];
        },
        keys({ event: { key, type } }) {
          if (type === 'delete') types.delete(key);
          else types.add(key);
          return type === 'delete' ? [] : [key];
        },
      },
    ],
    reconcile(key, decision) {
      const entry = decision.peek(key);
      if (entry === undefined || (storedFlags(entry.value) & flagDeleting) !== 0) return nothing;
      const { cluster, name } = parseKey(key);
      const served = deps.served('tenancy.kcp.io', 'workspacetypes');
      const object = objectOf<Type>(served, entry);
      const now = timestamp(deps);
      const found = withCondition(object.status?.conditions ?? [], { type: urlsReady, status: 'True' }, now);
      const conditions = withSummary(found, [urlsReady], now);
      const status = {
        ...object.status,
        conditions,
        virtualWorkspaces: virtualWorkspaces(lifecycleId({ cluster, name })),
      };
      if (isDeepStrictEqual(status, object.status)) return nothing;
      object.status = status;
      return commit([replaceOperation(deps, served, entry, object)]);
    },
  };
}
