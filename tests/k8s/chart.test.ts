/** The chart, by helm: what it renders of odd values, and that `k8s/` is what it renders. */
import { execFile } from 'node:child_process';
import { glob, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import {
  chartFolder,
  findKubernetesProgram,
  idOf,
  kustomizations,
  kustomizeValues,
  presets,
  readManifests,
  renderChart,
  root,
  runHelm,
  withoutHelm,
} from '@kcp-ts/build';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findKubectls } from '../e2e/kubectl.ts';
import { checkManifests } from './checks/check-manifests.ts';

const run = promisify(execFile);
const { path: program = '', missing } = await findKubernetesProgram();
if (missing !== undefined) process.stdout.write(`The chart is not tested: ${missing}\n`);

describe.skipIf(missing !== undefined)('the chart', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'kcp-ts-chart-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  it('passes helm lint, strictly', async () => {
    const output = await runHelm(program, ['lint', chartFolder, '--strict'], folder);
    expect(output).toContain('0 chart(s) failed');
  });

  it.each(presets)('renders what the overlay %s is', async (preset) => {
    const [kubectl] = await findKubectls();
    if (kubectl === undefined) throw new Error('this test needs kubectl');
    const { stdout } = await run(kubectl.path, ['kustomize', join(root, 'k8s/overlays', preset)], {
      maxBuffer: 1 << 26,
    });
    const byId = (objects: ReturnType<typeof readManifests>) =>
      new Map(objects.map((object) => [idOf(object), object]));
    const rendered = withoutHelm(await renderChart({ program, preset, values: kustomizeValues }));
    expect(byId(readManifests(stdout))).toEqual(byId(rendered));
  });

  it('is what k8s/ was made from: run make manifests', async () => {
    const render = (preset: (typeof presets)[number]) => renderChart({ program, preset, values: kustomizeValues });
    const [embedded, sharded, ha] = await Promise.all([render('embedded'), render('sharded'), render('ha')]);
    const there: Record<string, string> = {};
    for await (const path of glob('**/*.yaml', { cwd: join(root, 'k8s') }))
      there[path] = await readFile(join(root, 'k8s', path), 'utf8');
    expect(there).toEqual(kustomizations({ embedded, sharded, ha }));
  });

  it.each([
    ['embedded', 'another name and namespace', { fullnameOverride: 'api' }, { release: 'a', namespace: 'team' }],
    [
      'embedded',
      'a load balancer',
      { externalHostname: 'kcp.example.com', externalPort: 443, service: { type: 'LoadBalancer' } },
      {},
    ],
    ['embedded', 'policies off', { networkPolicies: { enabled: false }, priorityClass: { create: false } }, {}],
    ['embedded', 'cert-manager', { certificates: { mode: 'certManager' } }, {}],
    ['sharded', 'cert-manager', { certificates: { mode: 'certManager' } }, {}],
    [
      'sharded',
      'one of everything',
      {
        shards: [{ name: 'root', replicas: 1 }],
        frontProxy: { replicas: 1 },
        virtualWorkspaces: { replicas: 1 },
        etcd: { replicas: 1 },
        nats: { replicas: 1 },
      },
      {},
    ],
    [
      'sharded',
      'a long name',
      { nameOverride: 'a-name-that-is-as-long-as-it-may-be-here' },
      { release: 'some-release' },
    ],
    [
      'sharded',
      'shards that differ',
      {
        shards: [
          {
            name: 'eu-1',
            labels: { region: 'eu', tier: 'gold' },
            replicas: 3,
            extraArgs: ['--max-requests-inflight=800'],
          },
          { name: 'us-1', etcdServers: ['https://etcd.us.example.com:2379'] },
        ],
        extraArgs: ['-v=4'],
        frontProxy: { servingSecret: 'public-certificate' },
      },
      {},
    ],
    [
      'sharded',
      'etcd and NATS of others',
      {
        etcd: { enabled: false, external: { servers: ['https://etcd.example.com:2379'], tlsSecret: 'etcd-client' } },
        nats: {
          enabled: false,
          external: { urls: ['tls://nats.example.com:4222'], tlsSecret: 'nats-ca', passwordsSecret: 'nats-users' },
        },
        networkPolicies: { externalPorts: [2379, 4222] },
      },
      {},
    ],
    [
      'ha',
      'a gateway',
      { externalHostname: 'kcp.example.com', gateway: { enabled: true, parentRefs: [{ name: 'public' }] } },
      {},
    ],
    ['ha', 'an ingress', { externalHostname: 'kcp.example.com', ingress: { enabled: true, className: 'nginx' } }, {}],
  ] as const)('of %s with %s has nothing that contradicts itself', async (preset, _what, values, where) => {
    const objects = await renderChart({ program, preset, values, ...where });
    const namespace = 'namespace' in where ? where.namespace : 'kcp-ts';
    const external = ['public-certificate', 'etcd-client', 'nats-ca', 'nats-users'];
    expect(await checkManifests(objects, { namespace, external })).toEqual([]);
  });

  it('has rules with a page for each, dashboards, and a ServiceMonitor that trusts its certificates', async () => {
    const runbookUrl = 'https://docs.example.com/alerts';
    const on = { enabled: true };
    const tokenSecret = { name: 'prometheus-token' };
    const monitoring = { serviceMonitor: { ...on, tokenSecret }, rules: { ...on, runbookUrl }, dashboards: on };
    const objects = await renderChart({ program, preset: 'sharded', values: { monitoring } });
    expect(await checkManifests(objects, { namespace: 'kcp-ts' })).toEqual([]);
    const text = (kind: string) => JSON.stringify(objects.filter((object) => object.kind === kind));
    expect(text('PrometheusRule')).toContain(`"runbook_url":"${runbookUrl}#kcpshardnotserved"`);
    expect(objects.find(({ kind }) => kind === 'ServiceMonitor')?.['spec']).toMatchObject({
      endpoints: [
        {
          port: 'https',
          tlsConfig: { ca: { secret: { name: 'kcp-ts-ca', key: 'ca.crt' } }, serverName: 'localhost' },
          authorization: { credentials: { name: 'prometheus-token', key: 'token' } },
        },
        { port: 'metrics' },
      ],
    });
    const dashboards = objects.find(({ metadata }) => metadata.name === 'kcp-ts-dashboards');
    expect(dashboards?.metadata.labels).toMatchObject({ grafana_dashboard: '1' });
    const data = (dashboards?.['data'] ?? {}) as Readonly<Record<string, string>>;
    expect(JSON.parse(data['kcp-ts.json'] ?? '{}')).toMatchObject({ title: 'kcp-ts' });
  });

  it.each([
    ['a mode that there is none of', { mode: 'clustered' }],
    ['a key that there is none of', { shard: [] }],
    ['a key of a shard that there is none of', { shards: [{ name: 'root', standby: 2 }] }],
    ['no shards', { mode: 'sharded', shards: [] }],
    ['a shard without a name', { shards: [{}] }],
    ['a name that is none', { shards: [{ name: 'Root_1' }] }],
    ['two members of etcd', { etcd: { replicas: 2 } }],
    ['an etcd of others without URLs', { mode: 'sharded', etcd: { enabled: false } }],
    [
      'a NATS of others without passwords',
      { mode: 'sharded', nats: { enabled: false, external: { urls: ['tls://nats:4222'] } } },
    ],
    ['a gateway without a host name', { gateway: { enabled: true, parentRefs: [{ name: 'public' }] } }],
    ['an ingress without a host name', { ingress: { enabled: true } }],
    ['a ServiceMonitor without a token', { monitoring: { serviceMonitor: { enabled: true } } }],
    ['a digest that is none', { image: { digest: 'sha256:abc' } }],
    ['a flag that is none', { extraArgs: ['max-requests-inflight'] }],
  ])('refuses %s', async (_what, values) => {
    await expect(renderChart({ program, preset: 'embedded', values })).rejects.toThrow(
      /values don't meet the specifications/,
    );
  });
});
