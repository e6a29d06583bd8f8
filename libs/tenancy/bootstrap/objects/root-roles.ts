import type { KubeObject } from '@kcp-ts/api';
import type { PolicyRule } from '@kcp-ts/authz';
import { clusterRole, clusterRoleBinding, groupSubject, rule, userSubject } from './rbac-objects.ts';

const anyone = groupSubject('system:authenticated');
const anyoneBound = groupSubject('apis.kcp.io:binding:system:authenticated');

function replicate(reasons: string): { annotations: Record<string, string> } {
  return { annotations: { 'internal.kcp.io/replicate': reasons } };
}

function policyRole(name: string, rules: readonly PolicyRule[], reasons = 'apis.kcp.io'): KubeObject {
  return clusterRole(`system:kcp:apiexport:${name}:maximal-permission-policy`, rules, replicate(reasons));
}

function bindRole(name: 'tenancy' | 'topology'): KubeObject {
  const rules = [rule('bind', 'apis.kcp.io', 'apiexports', `${name}.kcp.io`)];
  return clusterRole(`system:kcp:apiexport:${name}:bind`, rules, replicate('apis.kcp.io'));
}

/** Binds `system:kcp:apiexport:<name>` to the group. */
function exportBinding(name: string, subject = anyone, reasons = 'apis.kcp.io'): KubeObject {
  return clusterRoleBinding(
    `system:kcp:authenticated:apiexport:${name}`,
    `system:kcp:apiexport:${name}`,
    [subject],
    replicate(reasons),
  );
}

/**
 * RBAC of `root`: everybody may enter it, bind the tenancy and topology APIs, use the shipped types
 * and have a home workspace.
 */
export function rootRoles(): readonly KubeObject[] {
  const useTypes = 'system:kcp:universal-workspacetype-use';
  const home = 'system:kcp:home-clusterworkspace-create';
  return [
    policyRole('kcp-admin', [rule('*', 'tenancy.kcp.io', '*')], 'apis.kcp.io,tenancy.kcp.io'),
    policyRole(
      'tenancy',
      [
        rule('*', 'tenancy.kcp.io', 'workspaces workspacetypes'),
        rule('list watch get', 'tenancy.kcp.io', 'workspaces/status workspacetypes/status'),
      ],
      'apis.kcp.io,tenancy.kcp.io',
    ),
    policyRole('topology', [rule('*', 'topology.kcp.io', 'partitions partitionsets')]),
    bindRole('tenancy'),
    bindRole('topology'),
    clusterRole(home, [rule('get create', 'tenancy.kcp.io', 'workspaces', '~')]),
    clusterRole(
      useTypes,
      [rule('use', 'tenancy.kcp.io', 'workspacetypes', 'universal organization team')],
      replicate('tenancy.kcp.io'),
    ),
    exportBinding(
      'kcp-admin:maximal-permission-policy',
      groupSubject('apis.kcp.io:binding:system:kcp:admin'),
      'apis.kcp.io,tenancy.kcp.io',
    ),
    exportBinding('tenancy:bind'),
    exportBinding('tenancy:maximal-permission-policy', anyoneBound, 'apis.kcp.io,tenancy.kcp.io'),
    exportBinding('topology:bind'),
    exportBinding('topology:maximal-permission-policy', anyoneBound),
    clusterRoleBinding('system:kcp:authenticated:tenancy:reader', 'system:kcp:tenancy:reader', [anyone]),
    clusterRoleBinding(
      'system:kcp:authenticated:universal-workspacetype-use',
      useTypes,
      [anyone],
      replicate('tenancy.kcp.io'),
    ),
    clusterRoleBinding('system:kcp:configured-group:home-clusterworkspace-create', home, [anyone]),
    clusterRoleBinding(
      'system:kcp:tenancy:authenticated:access',
      'system:kcp:workspace:access',
      [anyone],
      replicate('core.kcp.io'),
    ),
    clusterRoleBinding(
      'workspace-admin',
      'cluster-admin',
      [userSubject('system:kcp-bootstrapper')],
      replicate('apis.kcp.io,core.kcp.io,tenancy.kcp.io'),
    ),
  ];
}
