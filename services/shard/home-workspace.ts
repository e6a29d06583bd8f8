/** The home workspace: `GET …/workspaces/~` in root finds the user's own, and makes it when the user may have one and has none. (kcp facts 4.9) */

import type { ClusterName, KubeObject, UserInfo } from '@kcp-ts/api';
import { StatusError } from '@kcp-ts/api';
import type { ApiRequest } from '@kcp-ts/apiserver';
import { respondJson } from '@kcp-ts/apiserver';
import { globalServiceAccountPrefix, scopesExtra, serviceAccountPrefix } from '@kcp-ts/authz';
import { timestampOf } from '@kcp-ts/registry';
import { logicalClusterKey } from '@kcp-ts/sharding';
import { homeClusterName } from '@kcp-ts/sharing';
import { parseStored } from '@kcp-ts/storage';
import type { LogicalCluster } from '@kcp-ts/tenancy';
import { planCluster, typeAnnotation } from '@kcp-ts/tenancy';
import type { Access } from './access.ts';
import type { Core } from './core.ts';
import type { Tenancy } from './strategies.ts';

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

export interface HomeDependencies {
  readonly core: Core;
  readonly access: Access;
  readonly tenancy: Tenancy;
  readonly shardName: string;
  readonly externalUrl: string;
  readonly enabled: boolean;
}

/**
 * Whether the user's name is one and the same person everywhere: that of a service account means another one in each workspace, and who is scoped to certain
 * workspaces is only somebody there.
 */
function isGlobal({ name, extra }: UserInfo): boolean {
  return (
    !name.startsWith(serviceAccountPrefix) &&
    !name.startsWith(globalServiceAccountPrefix) &&
    extra?.[scopesExtra] === undefined
  );
}

/** Whether a logical cluster was made as this user's home, whatever its name. */
function isHomeOf({ metadata, spec }: LogicalCluster, user: UserInfo): boolean {
  return (
    metadata.annotations?.[typeAnnotation] === 'root:home' &&
    spec?.owner === undefined &&
    spec?.createdBy?.username === user.name
  );
}

function notPermitted(user: UserInfo): StatusError {
  const why = `User ${JSON.stringify(user.name)} cannot create resource "workspaces" in API group "tenancy.kcp.io" at the cluster scope: workspace access not permitted`;
  return StatusError.forbidden(workspaces, '~', why);
}

/** A name with a colon would be the path of a workspace in somebody else's home. */
function pathOfHome(user: string, cluster: ClusterName): string {
  return user.includes(':') ? cluster : `user:${user}`;
}

async function make(deps: HomeDependencies, user: UserInfo): Promise<void> {
  const { core, tenancy } = deps;
  const type = tenancy.types.at('root', 'home');
  if (type === undefined) throw StatusError.notFound({ group: workspaces.group, plural: 'workspacetypes' }, 'home');
  const cluster = homeClusterName(user.name);
  const planned = planCluster(tenancy.plan, {
    cluster,
    path: pathOfHome(user.name, cluster),
    type,
    aliases: tenancy.types.aliases(type),
    creator: user,
    shard: deps.shardName,
    url: deps.externalUrl,
    owner: undefined,
    requiredGroups: undefined,
    timestamp: timestampOf(core.clock.now()),
  });
  // Two requests at once: the loser finds what the winner made.
  await core.store.commit(planned.operations);
}

export function createHomeWorkspace(deps: HomeDependencies): (request: ApiRequest) => Promise<void> {
  const { core, access } = deps;
  return async (request) => {
    const { user } = request;
    if (!isGlobal(user)) throw notPermitted(user);
    const cluster = homeClusterName(user.name);
    const find = () => core.store.get(logicalClusterKey(cluster));
    if (find() === undefined) {
      if (!deps.enabled || !mayHave(access, user)) throw notPermitted(user);
      await make(deps, user);
    }
    const entry = find();
    if (entry === undefined)
      throw new StatusError('TooManyRequests', 'Creating the home workspace', { retryAfterSeconds: 1 });
    const home = parseStored<LogicalCluster>(entry.value);
    if (!isHomeOf(home, user)) throw notPermitted(user);
    respondJson(request, 200, asWorkspace(home, cluster));
  };
}
