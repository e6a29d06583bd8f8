/**
 * A shard that is dead for good is taken out by an administrator: nothing of it stays in the
 * others' views, and they serve on.
 */
import { expect } from 'vitest';
import type { Answer } from '../../harness/api-client.ts';
import { createApiClient } from '../../harness/api-client.ts';
import { bindingsOf, custom, done, exportOf, exportsOf, field, names } from '../../harness/objects.ts';
import { pause } from './fault.ts';
import type { FaultInstallation } from './installation.ts';
import { shardNames } from './installation.ts';

const shard = 'shard-2';
const patienceMs = 20_000;
const withoutMs = 2_000;

async function until(ask: () => Promise<Answer>, holds: (answer: Answer) => boolean, what: string): Promise<number> {
  const since = performance.now();
  let last: Answer | undefined;
  while (performance.now() - since < patienceMs) {
    last = await ask().catch(() => undefined);
    if (last !== undefined && holds(last)) return performance.now() - since;
    await pause(20);
  }
  throw new Error(`${what}: never; the last answer was ${last?.status} ${last?.text.slice(0, 500)}`);
}

/** What a wildcard watch of the virtual workspace is shown, until it ends. */
async function watchUntilEnd(
  installation: FaultInstallation,
  path: string,
  from: string,
): Promise<readonly (readonly [string, string])[]> {
  const proxy = installation.cluster.parts.find(({ part }) => part.kind === 'front-proxy');
  await using client = createApiClient({
    url: `https://127.0.0.1:${proxy?.part.port}`,
    ca: installation.cluster.ca,
    token: installation.cluster.tokens['kcp-admin'],
  });
  const shown: (readonly [string, string])[] = [];
  const query = `watch=1&resourceVersion=${from}`;
  for await (const { type, object } of client.watch(`${path}?${query}`, AbortSignal.timeout(patienceMs)))
    shown.push([type, type === 'ERROR' ? String(field(object, 'code')) : object.metadata.name]);
  return shown;
}

export async function removeShard(installation: FaultInstallation): Promise<void> {
  const { admin, masters, cluster, virtualPath } = installation;
  const others = shardNames.filter((name) => name !== shard);
  const { load, targets } = await installation.load('removal', { shards: others, virtual: false });
  const { targets: lost, load: none } = await installation.load('removed', { shards: [shard], virtual: false });
  await none.progress();
  await none.finish();
  const [gone] = lost;
  if (gone === undefined) throw new Error('no workspace on the shard');
  const [kept] = targets;
  const cowboys = (path: string) => `/clusters/${path}/apis/wild.west/v1alpha1/namespaces/default/cowboys`;
  await done(admin.post(cowboys(gone.path), custom('Cowboy', 'of-the-removed')));
  await done(admin.post(cowboys(kept?.path ?? ''), custom('Cowboy', 'of-the-kept')));
  await done(admin.post(exportsOf(gone.path), exportOf('of-the-removed')));
  const cached = `/services/cache/shards/${shard}/clusters/*/apis/apis.kcp.io/v1alpha2/apiexports`;
  await until(
    () => masters.get(cached),
    (answer) => names(answer.body).includes('of-the-removed'),
    'the export is cached',
  );
  const all = `${virtualPath}/clusters/*/apis/wild.west/v1alpha1/cowboys`;
  const list = await done(admin.get(all));
  expect(names(list)).toContain('of-the-removed');
  const watching = watchUntilEnd(installation, all, list.metadata.resourceVersion ?? '');

  const object = `/clusters/root/apis/core.kcp.io/v1alpha1/shards/${shard}`;
  expect((await admin.delete(object)).text).toContain('the shard still has');
  for (const name of [shard, `${shard}-standby`]) await cluster.part(name).kill('SIGKILL');
  await load.progress();
  // As long as its heartbeat has not lapsed, it may come back with all it has.
  await until(
    () => admin.delete(object),
    ({ status }) => status === 200,
    'the removal',
  );
  const since = performance.now();
  // The cache has nothing of it.
  const empty = ({ status, body }: Answer) => status === 404 || (status === 200 && names(body).length === 0);
  await until(() => masters.get(cached), empty, 'the cache has nothing of the shard');
  const cacheMs = performance.now() - since;
  // The virtual workspace is whole without it.
  const whole = ({ status, body, headers }: Answer) =>
    status === 200 && headers['warning'] === undefined && !names(body).includes('of-the-removed');
  await until(() => admin.get(all), whole, 'the virtual workspace is listed without the shard');
  const virtualMs = performance.now() - since;
  // No watcher gets a deletion of what was there: streams end, and a list says what there is.
  const shown = await watching;
  expect(shown.filter(([type, name]) => type === 'DELETED' && name === 'of-the-removed')).toEqual([]);
  expect(shown.at(-1)).toEqual(['ERROR', '410']);
  expect(names((await admin.get(all)).body)).toContain('of-the-kept');
  expect((await admin.get(bindingsOf(gone.path))).status).toBeGreaterThanOrEqual(400);
  await load.progress();
  const wrong = await load.finish();
  console.log(
    `a shard is removed: gone from the cache after ${cacheMs.toFixed(0)} ms, from the virtual workspace after ${virtualMs.toFixed(0)} ms`,
  );
  expect(wrong).toEqual([]);
  for (const name of others)
    for (const way of ['front-proxy-1', 'front-proxy-2', 'straight'])
      expect(load.served(name, way).failed, `${name} by ${way}`).toBe(0);
  expect(cacheMs).toBeLessThan(withoutMs);
  expect(virtualMs).toBeLessThan(withoutMs);
}
