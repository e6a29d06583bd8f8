import type { KubeObject } from '@kcp-ts/api';

interface TypeReference {
  readonly name: string;
  readonly path: 'root';
}

function type(name: string): TypeReference {
  return { name, path: 'root' };
}

const universal = { defaultChildWorkspaceType: type('universal') };
const extending = { extend: { with: [type('universal')] } };

const types: readonly {
  readonly name: string;
  readonly spec: object;
  readonly annotations?: Readonly<Record<string, string>>;
}[] = [
  {
    name: 'universal',
    spec: {
      defaultAPIBindings: [
        { export: 'tenancy.kcp.io', path: 'root' },
        { export: 'topology.kcp.io', path: 'root' },
      ],
      ...universal,
      initializer: true,
    },
  },
  {
    name: 'root',
    annotations: { 'bootstrap.kcp.io/create-only': 'true' },
    spec: {
      defaultChildWorkspaceType: type('organization'),
      ...extending,
      limitAllowedParents: { none: true },
    },
  },
  { name: 'home', spec: { ...universal, ...extending, limitAllowedParents: { none: true } } },
  {
    name: 'organization',
    annotations: { 'bootstrap.kcp.io/battery': 'workspace-types' },
    spec: {
      ...universal,
      ...extending,
      limitAllowedChildren: { types: [type('universal')] },
      limitAllowedParents: { types: [type('root')] },
    },
  },
  {
    name: 'team',
    annotations: { 'bootstrap.kcp.io/battery': 'workspace-types' },
    spec: { ...universal, ...extending, limitAllowedParents: { types: [type('organization'), type('team')] } },
  },
];

/**
 * The types that `root` ships. `externalUrl` is where its virtual workspaces are; `now` is an RFC
 * 3339 time.
 */
export function workspaceTypeObjects(externalUrl: string, now: string): readonly KubeObject[] {
  const conditions = ['Ready', 'VirtualWorkspaceURLsReady'].map((name) => ({
    lastTransitionTime: now,
    status: 'True',
    type: name,
  }));
  return types.map(({ name, spec, annotations }) => ({
    apiVersion: 'tenancy.kcp.io/v1alpha1',
    kind: 'WorkspaceType',
    metadata: { name, annotations: { ...annotations, 'kcp.io/path': 'root' } },
    spec,
    status: {
      conditions,
      virtualWorkspaces: ['initializing', 'terminating'].map((kind) => ({
        type: kind,
        url: `${externalUrl}/services/${kind}workspaces/root:${name}`,
      })),
    },
  }));
}
