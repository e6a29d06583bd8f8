import { missingProgram, startEtcd } from '@kcp-ts/testing';
import { expect, it } from 'vitest';
import { createEtcdClient } from './etcd-client.ts';
import { createCompactor } from './etcd-compaction.ts';
import { etcdCommit } from './etcd-transaction.ts';

const missing = missingProgram('etcd');

if (missing === undefined)
  it('one of many compacts in an interval, up to what was current an interval ago', async () => {
    await using etcd = await startEtcd();
    using client = createEtcdClient({ endpoints: [etcd.endpoint] });
    const write = async () => (await etcdCommit(client, [], [{ put: 'a', value: Buffer.from('x') }])).revision;
    const first = createCompactor(client, 'turns');
    const second = createCompactor(client, 'turns');
    const interval = async () => {
      const took = await first.turn();
      return [took, await second.turn()];
    };
    const old = await write();
    expect(await interval()).toEqual([undefined, undefined]);
    const then = await write();
    const done = (await interval()).filter((revision) => revision !== undefined);
    expect(done).toHaveLength(1);
    expect(done[0]).toBeGreaterThanOrEqual(old);
    expect(done[0]).toBeLessThan(then);
    const at = (revision: bigint) => client.kv.range({ key: Buffer.from('a'), revision });
    await expect(at(old)).rejects.toMatchObject({ code: 'out-of-range' });
    expect((await at(then)).kvs).toHaveLength(1);
    const later = (await interval()).filter((revision) => revision !== undefined);
    expect(later).toHaveLength(1);
  });
else it.skip(`compaction of etcd: ${missing}`, () => undefined);
