/** WorkspaceTypes say where those who prepare and clean up their workspaces find them, at each shard; a type is ready when it says so. */
import { isDeepStrictEqual } from 'node:util';
import type { Condition, KubeObject } from '@kcp-ts/api';
import { withCondition, withSummary } from '@kcp-ts/api';
import type { Controller } from '@kcp-ts/controller-runtime';
import { flagDeleting, parseKey, storedFlags } from '@kcp-ts/storage';
import type { Shard } from '@kcp-ts/tenancy';
import { lifecycleId } from '@kcp-ts/tenancy';
import type { ControllerDependencies } from './writer.ts';
import { commitOrAgain, keysToResume, objectOf, replaceOperation, timestamp } from './writer.ts';

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
  const types = new Set<string>();

  function virtualWorkspaces(id: string): readonly VirtualWorkspace[] {
    const urls = deps.shards().flatMap(({ spec }) => spec?.virtualWorkspaceURL ?? spec?.baseURL ?? []);
    return [...new Set(urls)]
      .sort()
      .flatMap((url) => lifecycles.map((type) => ({ type, url: `${url}/services/${type}workspaces/${id}` })));
  }

  return {
    name: 'workspace-type-urls',
    wake({ event }) {
      const { key, type } = event;
      if (key.startsWith(deps.shardsPrefix())) return [...types];
      if (!key.startsWith(deps.typesPrefix())) return [];
      if (type === 'delete') types.delete(key);
      else types.add(key);
      return type === 'delete' ? [] : [key];
    },
    async *resume() {
      for await (const key of keysToResume(deps.store, deps.typesPrefix(), () => true)) {
        types.add(key);
        yield key;
      }
    },
    async reconcile(key, decision) {
      const entry = decision.peek(key);
      if (entry === undefined || (storedFlags(entry.value) & flagDeleting) !== 0) return undefined;
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
      if (isDeepStrictEqual(status, object.status)) return undefined;
      object.status = status;
      return commitOrAgain(decision, [replaceOperation(deps, served, entry, object)]);
    },
  };
}
