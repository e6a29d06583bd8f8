/**
 * The home workspace: `GET …/workspaces/~` in root finds the user's own, and makes it when the user
 * may have one and has none. (kcp facts 4.9)
 */

import type { ClusterName, KubeObject, LogicalClusterName, UserInfo } from '@kcp-ts/api';
import { StatusError } from '@kcp-ts/api';
import type { Authorizer } from '@kcp-ts/authz';
import { globalServiceAccountPrefix, scopesExtra, serviceAccountPrefix } from '@kcp-ts/authz';
import type { Clock } from '@kcp-ts/base';
import { timestampOf } from '@kcp-ts/registry';
import { homeClusterName } from '@kcp-ts/sharing';
import type { Store } from '@kcp-ts/storage';
import { parseStored } from '@kcp-ts/storage';
import { logicalClusterKey } from './logical-cluster-key.ts';
import type { PlanDependencies } from './plan-workspace.ts';
import { planCluster } from './plan-workspace.ts';
import type { LogicalCluster } from './types.ts';
import { typeAnnotation } from './types.ts';
import type { WorkspaceTypes } from './workspace-types.ts';

const workspaces = { group: 'tenancy.kcp.io', plural: 'workspaces' };

/** A home is made for users who may create the workspace `~` in root. */
const createHome = {
  kind: 'resource',
  cluster: 'root',
  verb: 'create',
  group: 'tenancy.kcp.io',
  version: 'v1alpha1',
  resource: 'workspaces',
  subresource: '',
  namespace: '',
  name: '~',
} as const;

function asWorkspace(object: LogicalCluster, cluster: LogicalClusterName): KubeObject {
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
  readonly store: Pick<Store, 'get' | 'commit'>;
  readonly clock: Pick<Clock, 'now'>;
  readonly types: Pick<WorkspaceTypes, 'at' | 'aliases'>;
  readonly plan: PlanDependencies;
  readonly shardName: string;
  readonly externalUrl: string;
  /** Whether homes are made for users who have none and may. */
  readonly enabled: boolean;
  readonly authorizer: Pick<Authorizer, 'authorize'>;
}

/**
 * Whether the user's name is one and the same person everywhere: that of a service account means
 * another one in each workspace, and who is scoped to certain workspaces is only somebody there.
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
  const { types } = deps;
  const type = types.at('root', 'home');
  if (type === undefined) throw StatusError.notFound({ group: workspaces.group, plural: 'workspacetypes' }, 'home');
  const cluster = homeClusterName(user.name);
  const planned = planCluster(deps.plan, {
    cluster,
    path: pathOfHome(user.name, cluster),
    type,
    aliases: types.aliases(type),
    creator: user,
    shard: deps.shardName,
    url: deps.externalUrl,
    owner: undefined,
    requiredGroups: undefined,
    timestamp: timestampOf(deps.clock.now()),
  });
  // Two requests at once: the loser finds what the winner made.
  await deps.store.commit(planned.operations);
}

/**
 * Finds a user's home, and makes it where there is none. Throws StatusError where the user may not
 * have one.
 */
export function createHomeWorkspaces(deps: HomeDependencies): (user: UserInfo) => Promise<KubeObject> {
  return async (user) => {
    if (!isGlobal(user)) throw notPermitted(user);
    const cluster = homeClusterName(user.name);
    const find = () => deps.store.get(logicalClusterKey(cluster));
    if (find() === undefined) {
      if (!deps.enabled || !deps.authorizer.authorize({ ...createHome, user }).allowed) throw notPermitted(user);
      await make(deps, user);
    }
    const entry = find();
    if (entry === undefined)
      throw new StatusError('TooManyRequests', 'Creating the home workspace', { retryAfterSeconds: 1 });
    const home = parseStored<LogicalCluster>(entry.value);
    if (!isHomeOf(home, user)) throw notPermitted(user);
    return asWorkspace(home, cluster);
  };
}
