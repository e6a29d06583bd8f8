import type { Clock } from '@kcp-ts/base';
import { createSystemClock, liveOf } from '@kcp-ts/base';
import { startRpcServer } from '@kcp-ts/rpc';
import { createTestAuthority } from '@kcp-ts/testing';
import pino from 'pino';
import { expect, it } from 'vitest';
import { createInProcessRegistry } from '../membership/in-process-membership.ts';
import { clockService, monitorClock } from './peer-clocks.ts';

const host = '127.0.0.1';
const system = createSystemClock();
const log = pino({ level: 'silent' });

function aheadBy(milliseconds: () => number): Clock {
  return { ...system, now: () => system.now() + milliseconds() };
}

it('shards receive the clocks of the other shards and of cache-servers over the wire, and no other service receives theirs', async () => {
  const authority = await createTestAuthority();
  const registry = createInProcessRegistry({ clock: system });
  await using stack = new AsyncDisposableStack();
  const tlsOf = async (commonName: string) => {
    const { certificate, privateKey } = await authority.issue(`CN=${commonName}, O=system:kcp:services`);
    return { ca: authority.certificate, cert: certificate, key: privateKey };
  };
  const setBy = new Map<string, number>();
  const begin = async (kind: string, name: string) => {
    const tls = await tlsOf(`system:kcp:service:${kind}:${name}`);
    const clock = aheadBy(() => setBy.get(name) ?? 0);
    const server = await startRpcServer({ host, port: 0, tls, clock: system, services: [clockService(clock)] });
    stack.defer(() => server.close({ drainMs: 0 }));
    const membership = stack.use(registry.open());
    return { tls, clock, membership, rpcAddress: `${host}:${server.port}` };
  };
  const shard = async (name: string) => {
    const { tls, clock, membership, rpcAddress } = await begin('shard', name);
    const urls = { baseUrl: '', externalUrl: '', virtualWorkspaceUrl: '', labels: {} };
    await membership.join({ name, rpcAddress, ...urls });
    return stack.use(monitorClock({ membership, tls: liveOf(tls), own: name, clock, log }));
  };
  const one = await shard('one');
  const two = await shard('two');
  const cache = await begin('cache-server', 'cache');
  await cache.membership.announce({ kind: 'cache-server', name: 'cache', rpcAddress: cache.rpcAddress, baseUrl: '' });

  await Promise.all([one.measure(), two.measure()]);
  expect([one.fault(), two.fault()]).toEqual([undefined, undefined]);
  expect(one.peers().map(({ name }) => name)).toEqual(['two', 'cache']);

  setBy.set('one', 60_000);
  await Promise.all([one.measure(), two.measure()]);
  expect(one.fault()).toMatch(/ahead of the others/);
  expect(one.offsetMs()).toBeGreaterThan(50_000);
  expect(two.fault()).toBeUndefined();

  const stranger = await tlsOf('system:kcp:service:front-proxy:f');
  const refused = monitorClock({ membership: cache.membership, tls: liveOf(stranger), own: 'f', clock: system, log });
  stack.use(refused);
  await refused.measure();
  expect(refused.peers()).toEqual([]);
});
