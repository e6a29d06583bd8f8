/**
 * The objects of a fresh logical cluster, complete but for uid, times and resourceVersion, which
 * belong to the commit that stores them.
 */
import type { KubeObject } from '@kcp-ts/api';

export interface NewObject {
  readonly group: string;
  readonly plural: string;
  readonly namespace: string;
  readonly object: KubeObject;
}

const createOnly = { 'bootstrap.kcp.io/create-only': 'true' };
const caDescription = {
  'kubernetes.io/description':
    'The certificate authorities that clients inside this workspace trust when they call its API server.',
};

/** A namespace with what every namespace has: a default ServiceAccount and the CA bundle. */
export function namespaceObjects(
  name: string,
  caBundle: string,
  annotations: Readonly<Record<string, string>> = {},
): NewObject[] {
  const namespace: KubeObject = {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name, labels: { 'kubernetes.io/metadata.name': name }, annotations: { ...annotations } },
    spec: { finalizers: ['kubernetes'] },
    status: { phase: 'Active' },
  };
  return [{ group: '', plural: 'namespaces', namespace: '', object: namespace }, ...namespaceContent(name, caBundle)];
}

/** What goes into a new namespace in the commit that makes it. */
export function namespaceContent(name: string, caBundle: string): NewObject[] {
  return [
    {
      group: '',
      plural: 'serviceaccounts',
      namespace: name,
      object: { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'default', namespace: name } },
    },
    {
      group: '',
      plural: 'configmaps',
      namespace: name,
      object: {
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { name: 'kube-root-ca.crt', namespace: name, annotations: { ...caDescription } },
        data: { 'ca.crt': caBundle },
      },
    },
  ];
}

/**
 * cluster-admin for the one who made the workspace, by the name that counts there; for nobody where
 * there is none.
 */
export function workspaceAdminBinding(creator: string | undefined): NewObject {
  return {
    group: 'rbac.authorization.k8s.io',
    plural: 'clusterrolebindings',
    namespace: '',
    object: {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRoleBinding',
      metadata: { name: 'workspace-admin' },
      subjects: creator === undefined ? [] : [{ kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name: creator }],
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' },
    },
  };
}

/** Namespaces `default` and `kube-system`, and the creator's rights. */
export function initialObjects(creator: string | undefined, caBundle: string): NewObject[] {
  return [
    ...namespaceObjects('default', caBundle, createOnly),
    ...namespaceObjects('kube-system', caBundle, createOnly),
    workspaceAdminBinding(creator),
  ];
}
