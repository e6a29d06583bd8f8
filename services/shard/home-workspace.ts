/** The home workspace: `GET …/workspaces/~` in root finds the user's own, and makes it when the user may have one and has none. (kcp facts 4.9) */
import type { ApiRequest } from '@kcp-ts/apiserver';
import { respondJson } from '@kcp-ts/apiserver';
import type { KubeObject, UserInfo } from '@kcp-ts/meta';
import { StatusError } from '@kcp-ts/meta';
import { timestampOf } from '@kcp-ts/registry';
import { homeClusterName } from '@kcp-ts/sharing';
import { parseStored } from '@kcp-ts/storage';
import type { LogicalCluster } from '@kcp-ts/tenancy';
import { planCluster } from '@kcp-ts/tenancy';
import { logicalClusterKey } from '@kcp-ts/workspace-index';
import type { Access } from './access.ts';
import type { Tenancy } from './behaviours.ts';
import type { Core } from './core.ts';

const workspaces = { group: 'tenancy.kcp.io', plural: 'workspaces' };

function mayHave(access: Access, user: UserInfo): boolean {
  const question = {
    kind: 'resource',
    group: workspaces.group,
    version: 'v1alpha1',
    resource: workspaces.plural,
    subresource: '',
    namespace: '',
    name: '~',
  } as const;
  return access.authorizer.authorize({ ...question, user, cluster: 'root', verb: 'create' }).allowed;
}

function asWorkspace(object: LogicalCluster, cluster: string): KubeObject {
  const { phase, conditions, initializers } = object.status ?? {};
  return {
    apiVersion: 'tenancy.kcp.io/v1alpha1',
    kind: 'Workspace',
    metadata: { name: 'cluster', creationTimestamp: object.metadata.creationTimestamp ?? null },
    spec: { cluster, URL: object.status?.URL },
    status: {
      phase,
      ...(conditions === undefined ? {} : { conditions }),
      ...(initializers === undefined ? {} : { initializers }),
    },
  };
}

export interface HomeNeeds {
  readonly core: Core;
  readonly access: Access;
  readonly tenancy: Tenancy;
  readonly shardName: string;
  readonly externalUrl: string;
  readonly enabled: boolean;
}

async function make(needs: HomeNeeds, user: UserInfo): Promise<void> {
  const { core, tenancy } = needs;
  const type = tenancy.types.at('root', 'home');
  if (type === undefined) throw StatusError.notFound({ group: workspaces.group, plural: 'workspacetypes' }, 'home');
  const planned = planCluster(tenancy.plan, {
    cluster: homeClusterName(user.name),
    path: `user:${user.name}`,
    type,
    aliases: tenancy.types.aliases(type),
    creator: user,
    shard: needs.shardName,
    url: needs.externalUrl,
    owner: undefined,
    requiredGroups: undefined,
    timestamp: timestampOf(core.clock.now()),
  });
  // Two requests at once: the loser finds what the winner made.
  await core.store.commit(planned.operations);
}

export function createHomeWorkspace(needs: HomeNeeds): (request: ApiRequest) => Promise<void> {
  const { core, access } = needs;
  return async (request) => {
    const { user } = request;
    const cluster = homeClusterName(user.name);
    const find = () => core.store.get(logicalClusterKey(cluster));
    if (find() === undefined) {
      if (!needs.enabled || !mayHave(access, user)) {
        const why = `User ${JSON.stringify(user.name)} cannot create resource "workspaces" in API group "tenancy.kcp.io" at the cluster scope: workspace access not permitted`;
        throw StatusError.forbidden(workspaces, '~', why);
      }
      await make(needs, user);
    }
    const entry = find();
    if (entry === undefined)
      throw new StatusError('TooManyRequests', 'Creating the home workspace', { retryAfterSeconds: 1 });
    respondJson(request, 200, asWorkspace(parseStored<LogicalCluster>(entry.value), cluster));
  };
}
