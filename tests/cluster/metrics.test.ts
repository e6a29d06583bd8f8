/** What each running service says of itself to those who monitor it. */
import { describe, expect, it } from 'vitest';
import type { ApiClient } from '../harness/api-client.ts';
import type { Sharded } from '../harness/sharded.ts';
import { missing, portUrl, shareInstallation } from '../harness/sharded.ts';

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
});
