/**
 * The provider: its workspace, its export with a claim on ConfigMaps, and the right to see what is
 * in it. It makes its export again at times.
 */
import {
  condition,
  exportOf,
  exportsOf,
  field,
  resourceSchema,
  schemasOf,
  workspacesOf,
} from '../../harness/objects.ts';
import type { Simulation } from '../simulation.ts';
import type { SimApiClient } from './api-client.ts';
import { rootShard } from './api-shard.ts';

export const exportName = 'widgets';
export const group = 'wild.west';
export const resource = 'widgets';
export const claim = { resource: 'configmaps', verbs: ['*'] };

export interface Provider {
  /** Its logical cluster, once the export can be bound. */
  cluster(): string | undefined;
}

const settled = ({ status }: { readonly status: number }) => status < 300 || status === 409;

export function startProvider(simulation: Simulation, client: SimApiClient, untilMs: number): Provider {
  const { time, chance } = simulation;
  let cluster: string | undefined;

  const make = (url: string, body: object) => client.insist(rootShard, 'POST', url, { body, until: settled });

  async function begin(): Promise<void> {
    const spec = {
      type: { path: 'root', name: 'universal' },
      location: { selector: { matchLabels: { name: rootShard } } },
    };
    const wanted = { apiVersion: 'tenancy.kcp.io/v1alpha1', kind: 'Workspace', metadata: { name: 'provider' }, spec };
    await make(workspacesOf('root'), wanted);
    const { body } = await client.insist(rootShard, 'GET', `${workspacesOf('root')}/provider`, {
      until: (answer) => field(answer.body, 'status.phase') === 'Ready',
    });
    const made = String(field(body, 'spec.cluster'));
    await make(schemasOf(made), resourceSchema(resource, { scope: 'Cluster' }));
    const exported = exportOf(exportName, { resources: [{ plural: resource }], claims: [claim] });
    await make(exportsOf(made), exported);
    const ready = await client.insist(rootShard, 'GET', `${exportsOf(made)}/${exportName}`, {
      until: (answer) => condition(answer.body, 'IdentityValid') === 'True',
    });
    const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' };
    await make(`/clusters/${made}/apis/rbac.authorization.k8s.io/v1/clusterrolebindings`, {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRoleBinding',
      metadata: { name: 'provider' },
      roleRef,
      subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'provider' }],
    });
    cluster = made;
    const identity = field(ready.body, 'spec.identity');
    time.after(chance.between(1_000, 6_000), () => void remake(made, { ...exported.spec, identity }));
  }

  /** Under the same name and with the same identity. */
  async function remake(made: string, spec: object): Promise<void> {
    if (time.now() > untilMs || chance.happens(0.3)) return;
    const exported = { ...exportOf(exportName), spec };
    await client.insist(rootShard, 'DELETE', `${exportsOf(made)}/${exportName}`, {
      until: ({ status }) => status < 300 || status === 404,
    });
    await client.pause(chance.between(0, chance.happens(0.5) ? 30 : 1_500));
    await make(exportsOf(made), exported);
    time.after(chance.between(1_000, 6_000), () => void remake(made, spec));
  }

  void begin();
  return { cluster: () => cluster };
}
