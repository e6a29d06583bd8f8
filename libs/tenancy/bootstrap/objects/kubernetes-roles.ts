/**
 * Kubernetes' default roles, as far as they speak of what is served here; each workspace falls back
 * to them.
 */
import type { KubeObject } from '@kcp-ts/api';
import type { PolicyRule } from '@kcp-ts/authz';
import { clusterRole, clusterRoleBinding, groupSubject, rule, urlRule } from './rbac-objects.ts';

const read = 'get list watch';
const write = 'create delete deletecollection patch update';
const all = 'create delete deletecollection get list patch update watch';
const eventGroups = ['', 'events.k8s.io'];

const viewRules: readonly PolicyRule[] = [
  rule(read, '', 'configmaps serviceaccounts'),
  rule(read, '', 'limitranges namespaces/status resourcequotas resourcequotas/status'),
  rule(read, '', 'namespaces'),
  rule(read, eventGroups, 'events'),
];

const editRules: readonly PolicyRule[] = [
  rule(read, '', 'secrets'),
  rule('impersonate', '', 'serviceaccounts'),
  rule(write, '', 'configmaps secrets serviceaccounts'),
  rule('create', '', 'serviceaccounts/token'),
  rule(write, eventGroups, 'events'),
  rule(all, 'coordination.k8s.io', 'leases'),
];

const adminRules: readonly PolicyRule[] = [
  rule('create', 'authorization.k8s.io', 'localsubjectaccessreviews'),
  rule(all, 'rbac.authorization.k8s.io', 'rolebindings roles'),
];

const bootstrapping = { 'kubernetes.io/bootstrapping': 'rbac-defaults' };
const autoupdate = { 'rbac.authorization.kubernetes.io/autoupdate': 'true' };
const marks = { labels: bootstrapping, annotations: autoupdate };

function aggregateTo(role: string): string {
  return `rbac.authorization.k8s.io/aggregate-to-${role}`;
}

function marksFor(role: string): typeof marks {
  return { labels: { ...bootstrapping, [aggregateTo(role)]: 'true' }, annotations: autoupdate };
}

function approver(signer: string): KubeObject {
  const name = `system:certificates.k8s.io:${signer}-approver`;
  return clusterRole(name, [rule('approve', 'certificates.k8s.io', 'signers', `kubernetes.io/${signer}`)], marks);
}

function bind(role: string, ...groups: readonly string[]): KubeObject {
  return clusterRoleBinding(role, role, groups.map(groupSubject), marks);
}

const issuerUrls =
  '/.well-known/openid-configuration /.well-known/openid-configuration/ /openid/v1/jwks /openid/v1/jwks/';

/** Roles and bindings; the rules of aggregated roles are already joined. */
export function kubernetesRoles(): readonly KubeObject[] {
  return [
    clusterRole('cluster-admin', [rule('*', '*', '*'), urlRule('*', '*')], marks),
    clusterRole('admin', [...editRules, ...viewRules, ...adminRules], marks, aggregateTo('admin')),
    clusterRole('edit', [...editRules, ...viewRules], marksFor('admin'), aggregateTo('edit')),
    clusterRole('view', viewRules, marksFor('edit'), aggregateTo('view')),
    clusterRole('system:aggregate-to-admin', adminRules, marksFor('admin')),
    clusterRole('system:aggregate-to-edit', editRules, marksFor('edit')),
    clusterRole('system:aggregate-to-view', viewRules, marksFor('view')),
    clusterRole(
      'system:auth-delegator',
      [
        rule('create', 'authentication.k8s.io', 'tokenreviews'),
        rule('create', 'authorization.k8s.io', 'subjectaccessreviews'),
      ],
      marks,
    ),
    clusterRole(
      'system:basic-user',
      [
        rule('create', 'authorization.k8s.io', 'selfsubjectaccessreviews selfsubjectrulesreviews'),
        rule('create', 'authentication.k8s.io', 'selfsubjectreviews'),
      ],
      marks,
    ),
    approver('kube-apiserver-client'),
    approver('legacy-unknown'),
    clusterRole(
      'system:discovery',
      [urlRule('get', '/api /api/* /apis /apis/* /healthz /livez /openapi /openapi/* /readyz /version /version/')],
      marks,
    ),
    clusterRole(
      'system:monitoring',
      [urlRule('get', '/flagz /healthz /healthz/* /livez /livez/* /metrics /metrics/slis /readyz /readyz/* /statusz')],
      marks,
    ),
    clusterRole('system:public-info-viewer', [urlRule('get', '/healthz /livez /readyz /version /version/')], marks),
    clusterRole('system:service-account-issuer-discovery', [urlRule('get', issuerUrls)], marks),
    bind('cluster-admin', 'system:masters'),
    bind('system:basic-user', 'system:authenticated'),
    bind('system:discovery', 'system:authenticated'),
    bind('system:monitoring', 'system:monitoring'),
    bind('system:public-info-viewer', 'system:authenticated', 'system:unauthenticated'),
    bind('system:service-account-issuer-discovery', 'system:serviceaccounts'),
  ];
}
