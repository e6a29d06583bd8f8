import type { KubeObject } from '@kcp-ts/api';
import type { RootExport } from '../../root-exports.ts';
import { rootExportObjects } from './root-export-objects.ts';
import { rootRoles } from './root-roles.ts';
import { workspaceTypeObjects } from './workspace-type-objects.ts';

/** What the objects of `root` depend on. */
export interface RootDependencies {
  /** Where clients reach this installation, without a path: `https://kcp.example.io:6443`. */
  readonly externalUrl: string;
  /** PEM certificates that the server is trusted by. */
  readonly caData: string;
  readonly shardName: string;
  /** RFC 3339, in seconds. */
  readonly now: string;
  /** What `root` exports. */
  readonly exports: readonly RootExport[];
}

function namespaceObjects(name: string, caData: string, annotations?: Record<string, string>): readonly KubeObject[] {
  return [
    {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: {
        name,
        labels: { 'kubernetes.io/metadata.name': name },
        ...(annotations === undefined ? {} : { annotations }),
      },
      spec: { finalizers: ['kubernetes'] },
      status: { phase: 'Active' },
    },
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'default', namespace: name } },
    {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: {
        name: 'kube-root-ca.crt',
        namespace: name,
        annotations: { 'kubernetes.io/description': 'Certificates that the API server is trusted by.' },
      },
      data: { 'ca.crt': caData },
    },
  ];
}

function rootLogicalCluster({ externalUrl, shardName, now }: RootDependencies): KubeObject {
  return {
    apiVersion: 'core.kcp.io/v1alpha1',
    kind: 'LogicalCluster',
    metadata: {
      name: 'cluster',
      labels: { 'tenancy.kcp.io/phase': 'Ready' },
      annotations: {
        'core.kcp.io/shard': shardName,
        'experimental.tenancy.kcp.io/owner': '{"username":"system:kcp-bootstrapper"}',
        'internal.tenancy.kcp.io/type': 'root:root',
        'kcp.io/path': 'root',
      },
    },
    spec: { directlyDeletable: false },
    status: {
      URL: `${externalUrl}/clusters/root`,
      conditions: [{ lastTransitionTime: now, status: 'True', type: 'WorkspaceInitialized' }],
      phase: 'Ready',
    },
  };
}

function shardObject({ externalUrl, shardName }: RootDependencies): KubeObject {
  return {
    apiVersion: 'core.kcp.io/v1alpha1',
    kind: 'Shard',
    metadata: { name: shardName, labels: { name: shardName } },
    spec: { baseURL: externalUrl, externalURL: externalUrl, virtualWorkspaceURL: externalUrl },
  };
}

/**
 * The objects of `root`, namespaces before what stands in them and schemas before exports. Neither
 * uid nor creation time is filled, nor the status of exports and bindings, which follows from
 * identities that are made at the first start.
 */
export function rootObjects(deps: RootDependencies): readonly KubeObject[] {
  return [
    rootLogicalCluster(deps),
    ...namespaceObjects('default', deps.caData, { 'bootstrap.kcp.io/create-only': 'true' }),
    ...namespaceObjects('kcp-system', deps.caData),
    ...rootExportObjects(deps.exports),
    ...rootRoles(),
    ...workspaceTypeObjects(deps.externalUrl, deps.now),
    shardObject(deps),
  ];
}
