/** What each running service says of itself to those who monitor it. */
import { patience } from '@kcp-ts/testing';
import { describe, expect, it } from 'vitest';
import type { ApiClient } from '../harness/api-client.ts';
import { lintMetrics, parseMetrics } from '../harness/metrics-page.ts';
import { configMap, configMapsOf, done } from '../harness/objects.ts';
import type { Sharded } from '../harness/sharded.ts';
import { missing, portUrl, shardNames, shareInstallation } from '../harness/sharded.ts';

let sharded: Sharded;

shareInstallation((started) => {
  sharded = started;
});

function value(page: string, series: string): number {
  const line = page.split('\n').find((each) => each.startsWith(`${series} `));
  return line === undefined ? Number.NaN : Number(line.slice(series.length));
}

async function residentBytes(client: ApiClient): Promise<number> {
  return value((await client.get('/metrics')).text, 'process_resident_memory_bytes');
}

const services = ['root', 'front-proxy-1', 'virtual-workspaces', 'cache-server'];
const scrapes = 500;

/** Of the library's own metrics of Node, whose names dashboards know. */
const knownFindings = ['resources', 'handles', 'requests'].map(
  (what) => `nodejs_active_${what}_total ends with _total and is no counter`,
);

describe.skipIf(missing !== undefined)(`metrics of services${missing === undefined ? '' : ` (${missing})`}`, () => {
  it.each(services)('%s counts from its start, and keeps nothing of a scrape', { timeout: 60_000 }, async (part) => {
    const client = await sharded.withCertificate('CN=prometheus, O=system:masters', portUrl(sharded.cluster, part));
    const first = (await client.get('/metrics')).text;
    expect(value(first, 'process_cpu_seconds_total')).toBeGreaterThan(0.05);
    // What is measured from the first scrape on is there once the process has done something since.
    await client.until('/metrics', ({ text }) => value(text, 'nodejs_eventloop_lag_max_seconds') > 0);
    for (let scrape = 0; scrape < 50; scrape++) await client.get('/metrics');
    const before = await residentBytes(client);
    for (let scrape = 0; scrape < scrapes; scrape++) await client.get('/metrics');
    const last = (await client.get('/metrics')).text;
    expect(value(last, 'process_cpu_seconds_total')).toBeGreaterThan(value(first, 'process_cpu_seconds_total'));
    // A registry that was made for each scrape kept 0.4 MB and a timer of each.
    expect(value(last, 'process_resident_memory_bytes') - before).toBeLessThan((scrapes * 0.4e6) / 2);
    expect(value(last, 'nodejs_active_resources{type="Timeout"}')).toBeLessThan(100);
    expect(last).toMatch(/^nodejs_gc_duration_seconds_count\{kind="\w+"\} [1-9]/m);
  });

  it('a shard counts requests as kube-apiserver does, in a bounded number of series', async () => {
    const client = await sharded.withCertificate('CN=prometheus, O=system:masters', portUrl(sharded.cluster, 'root'));
    await client.get('/clusters/root/api/v1/configmaps');
    const page = (await client.get('/metrics')).text;
    const listed =
      /^apiserver_request_total\{verb="LIST",dry_run="",group="",version="v1",resource="configmaps",subresource="",scope="cluster",component="apiserver",code="200"\} [1-9]/m;
    expect(page).toMatch(listed);
    expect(page).toMatch(/^apiserver_request_duration_seconds_bucket\{.*verb="LIST".*le="1".*\} [1-9]/m);
    expect(page.split('\n').filter((line) => line !== '' && !line.startsWith('#')).length).toBeLessThan(3_000);
  });

  it.each(services)('%s has a page that scrapers take, with the metrics that the index names', async (part) => {
    const client = await sharded.withCertificate('CN=prometheus, O=system:masters', portUrl(sharded.cluster, part));
    // What is counted for the first time is there when it has happened once.
    await client.until('/metrics', ({ text }) => text.includes('nodejs_gc_duration_seconds_count'));
    const families = parseMetrics((await client.get('/metrics')).text);
    expect(lintMetrics(families)).toEqual(knownFindings);
    const index = families.map(({ name, type, help }) => `${name} ${type}\n    ${help}\n`).sort();
    await expect(index.join('')).toMatchFileSnapshot(`metrics.${part}.golden.txt`);
  });

  it('what each part says of itself is so', { timeout: 60_000 }, async () => {
    await sharded.workspace('measured', 'shard-1');
    const page = async (part: string) => {
      const client = await sharded.withCertificate('CN=prometheus, O=system:masters', portUrl(sharded.cluster, part));
      return parseMetrics((await client.get('/metrics')).text);
    };
    for (const part of services) {
      const families = await page(part);
      const samples = (name: string) => families.find((each) => each.name === name)?.samples ?? [];
      const of = (name: string, labels: object = {}) =>
        samples(name).find((each) => Object.entries(labels).every(([key, text]) => each.labels[key] === text))?.value;
      expect(of('kcp_ts_build_info')).toBe(1);
      for (const use of ['serving', 'peer'])
        expect(of('kcp_certificate_expiration_timestamp_seconds', { use })).toBeGreaterThan(Date.now() / 1_000);
      expect(of('etcd_requests_total', { operation: 'txn', type: 'membership' })).toBeGreaterThan(0);
      expect(of('kcp_index_clusters')).toBeGreaterThan(0);
      expect(samples('kcp_feed_lag_seconds').map(({ labels: { shard } }) => shard)).toContain('shard-1');
      expect(of('kcp_feed_lag_seconds', { shard: 'shard-1' })).toBeLessThan(30);
      if (part !== 'root') continue;
      expect(of('etcd_requests_total', { operation: 'txn', type: 'shard' })).toBeGreaterThan(0);
      expect(of('kcp_shard_lease_remaining_seconds')).toBeGreaterThan(0);
      expect(of('apiserver_storage_size_bytes')).toBeGreaterThan(10_000);
    }
  });

  it('a bearer token reads the metrics of every part if it may read them, and only then', async () => {
    const bindings = '/clusters/system:admin/apis/rbac.authorization.k8s.io/v1/clusterrolebindings';
    for (const shard of shardNames)
      await done(
        sharded.shard(shard).post(bindings, {
          apiVersion: 'rbac.authorization.k8s.io/v1',
          kind: 'ClusterRoleBinding',
          metadata: { name: 'monitoring' },
          roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'system:kcp:metrics-reader' },
          subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'alice' }],
        }),
      );
    for (const part of [...shardNames, ...services.slice(1)]) {
      const url = portUrl(sharded.cluster, part);
      const status = async (token: string) => (await sharded.client({ token }, url).get('/metrics')).status;
      await expect.poll(async () => [part, await status('token-of-alice')], patience).toEqual([part, 200]);
      expect([part, await status('token-of-bob'), await status('nobody')]).toEqual([part, 403, 401]);
      expect(await status(sharded.cluster.tokens['shard-admin'])).toBe(200);
    }
  });

  it('a shard has as many series with many workspaces as with one', { timeout: 60_000 }, async () => {
    const client = await sharded.withCertificate('CN=prometheus, O=system:masters', portUrl(sharded.cluster, 'root'));
    const series = async () => {
      const families = parseMetrics((await client.get('/metrics')).text);
      // Those of requests come with the first request of a kind, and are bounded by themselves.
      return families.flatMap(({ name, samples }) => (name.startsWith('apiserver_') ? [] : samples.map(() => name)))
        .length;
    };
    const before = await series();
    for (let i = 0; i < 20; i++) {
      const { path } = await sharded.workspace(`many-${i}`, 'root');
      await done(sharded.admin.post(configMapsOf(path), configMap('one')));
    }
    // Of the garbage collector and the event loop: what happens for the first time.
    expect(Math.abs((await series()) - before)).toBeLessThan(20);
  });
});
