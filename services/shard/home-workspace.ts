/** `GET …/workspaces/~`: a home is made for users who may create the workspace `~` in root. */
import type { ApiRequest } from '@kcp-ts/apiserver';
import { respondJson } from '@kcp-ts/apiserver';
import { createHomeWorkspaces } from '@kcp-ts/tenancy';
import type { Access } from './access.ts';
import type { Core } from './core.ts';
import type { Tenancy } from './strategies.ts';

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

export function homeWorkspace(
  { store, clock, shardName }: Core,
  access: Pick<Access, 'authorizer'>,
  { types, plan }: Tenancy,
  { externalUrl, homeWorkspaces }: { readonly externalUrl: string; readonly homeWorkspaces: boolean },
): (request: ApiRequest) => Promise<void> {
  const homeOf = createHomeWorkspaces({
    store,
    clock,
    types,
    plan,
    shardName,
    externalUrl,
    mayCreate: (user) => homeWorkspaces && access.authorizer.authorize({ ...createHome, user }).allowed,
  });
  return async (request) => respondJson(request, 200, await homeOf(request.user));
}
