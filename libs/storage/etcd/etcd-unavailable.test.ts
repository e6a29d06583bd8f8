import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSystemClock, createSystemRandom, freePorts } from '@kcp-ts/base';
import { expect, it } from 'vitest';
import { openEtcdReplica } from './etcd-store.ts';

it('an etcd that does not answer is said once, with its address and the reason, however often it is asked', async () => {
  const path = await mkdtemp(join(tmpdir(), 'kcp-ts-unavailable-'));
  const [port = 0] = await freePorts(1);
  const system = createSystemClock();
  const states: (readonly [string, string])[] = [];
  const enough = Promise.withResolvers<void>();
  const stop = new AbortController();
  await using replica = await openEtcdReplica({
    etcd: { endpoints: [`http://127.0.0.1:${port}`] },
    prefix: '/kcp/one',
    path,
    owner: 'a',
    random: createSystemRandom(),
    clock: {
      ...system,
      setTimer(_milliseconds, run) {
        if (replica.etcdFailures() >= 10) enough.resolve();
        return system.setTimer(1, run);
      },
    },
    onState: (state, detail) => void states.push([state, detail]),
  });
  const owned = replica.own(stop.signal);
  owned.catch(() => undefined);
  try {
    await enough.promise;
    expect(states).toEqual([
      ['resynchronising', '/kcp/one'],
      ['unavailable', expect.stringContaining(`ECONNREFUSED 127.0.0.1:${port}`)],
    ]);
  } finally {
    stop.abort();
    await expect(owned).rejects.toThrow('given up');
    await rm(path, { recursive: true, force: true });
  }
});
