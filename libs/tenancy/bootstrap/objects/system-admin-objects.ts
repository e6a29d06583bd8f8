import type { KubeObject } from '@kcp-ts/api';
import { kubernetesRoles } from './kubernetes-roles.ts';
import { clusterRole, clusterRoleBinding, groupSubject, rule, urlRule } from './rbac-objects.ts';

const bootstrapper = 'system:kcp:tenancy:workspace-bootstrapper';
const clusterAdmin = 'system:kcp:logical-cluster-admin';
const externalAdmin = 'system:kcp:external-logical-cluster-admin';

/**
 * The objects of `system:admin`: roles and bindings that hold in every workspace of the shard, and
 * that bindings in workspaces may refer to. Neither uid nor times are filled.
 */
export function systemAdminObjects(): readonly KubeObject[] {
  return [
    ...kubernetesRoles(),
    clusterRole(externalAdmin, [
      rule('delete get update', 'core.kcp.io', 'logicalclusters logicalclusters/status'),
      rule('delete get patch update', 'tenancy.kcp.io', 'workspaces'),
      rule('get', '', 'secrets serviceaccounts'),
      urlRule('access', '/'),
      rule('create', 'authorization.k8s.io', 'subjectaccessreviews'),
      rule('get patch update', 'apis.kcp.io', 'apiexportendpointslices/status'),
      rule('get list watch', 'apis.kcp.io', 'apiexportendpointslices'),
      rule('list', 'apis.kcp.io', 'apibindings'),
      rule('get', 'apis.kcp.io', 'apiexports apiresourceschemas'),
      rule('create get', 'apiextensions.k8s.io', 'customresourcedefinitions'),
    ]),
    clusterRole(clusterAdmin, [
      rule('*', 'core.kcp.io', 'logicalclusters logicalclusters/status'),
      rule('delete get update', 'tenancy.kcp.io', 'workspaces'),
    ]),
    clusterRole('system:kcp:metrics-reader', [urlRule('get', '/metrics')]),
    clusterRole('system:kcp:tenancy:reader', [
      rule('get list watch', 'tenancy.kcp.io', 'workspaces'),
      rule('get list watch', 'tenancy.kcp.io', 'workspacetypes'),
      rule('get list watch', 'core.kcp.io', 'logicalclusters'),
    ]),
    clusterRole(bootstrapper, [rule('*', '*', '*'), urlRule('*', '*')]),
    clusterRole('system:kcp:workspace:access', [urlRule('access', '/')]),
    clusterRoleBinding('system:kcp:admin:cluster-admin', 'cluster-admin', [groupSubject('system:kcp:admin')]),
    clusterRoleBinding(externalAdmin, externalAdmin, [groupSubject(externalAdmin)]),
    clusterRoleBinding(clusterAdmin, clusterAdmin, [groupSubject(clusterAdmin)]),
    clusterRoleBinding(bootstrapper, bootstrapper, [
      groupSubject(bootstrapper),
      groupSubject(`apis.kcp.io:binding:${bootstrapper}`),
    ]),
  ];
}
