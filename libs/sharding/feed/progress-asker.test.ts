import type { Revision } from '@kcp-ts/api';
import { createSystemClock } from '@kcp-ts/base';
import { FeedService } from '@kcp-ts/proto';
import { createRpcClient, RpcError, serviceOf, startRpcServer } from '@kcp-ts/rpc';
import { createManualClock } from '@kcp-ts/storage/contract';
import { afterEach, describe, expect, it } from 'vitest';
import { answerEach } from './answer-each.ts';
import { createProgressAsker } from './progress-asker.ts';

const ends: (() => Promise<void> | void)[] = [];

afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

/** A shard that answers each question when the test says so. */
async function startShard() {
  const asked: { past: number; answer(error?: RpcError): void }[] = [];
  const waiters: (() => void)[] = [];
  let streams = 0;
  const server = await startRpcServer({
    host: '127.0.0.1',
    port: 0,
    clock: createSystemClock(),
    services: [
      serviceOf(FeedService, {
        async *snapshot() {},
        async *fetch() {},
        async *progress(questions) {
          streams++;
          yield* answerEach(questions, ({ past, id }) => {
            const { promise, resolve, reject } = Promise.withResolvers<object>();
            asked.push({
              past,
              answer: (error) =>
                error === undefined ? resolve({ id, progress: past + 1, lastRevision: past }) : reject(error),
            });
            for (const resolve of waiters.splice(0)) resolve();
            return promise;
          });
        },
      }),
    ],
  });
  ends.push(() => server.close({ drainMs: 0 }));
  const client = createRpcClient(FeedService, { addresses: [`127.0.0.1:${server.port}`] });
  ends.push(() => client[Symbol.dispose]());
  return {
    client,
    streams: () => streams,
    /** The question number `i`, once it has come. */
    async question(i: number) {
      while (asked.length <= i) await new Promise<void>((resolve) => waiters.push(resolve));
      const found = asked[i];
      if (found === undefined) throw new Error('there is no such question');
      return found;
    },
  };
}

const past = (revision: number) => revision as Revision;

describe('asking a shard for progress', () => {
  it('answers each question by itself, in whatever order, over one stream', async () => {
    const shard = await startShard();
    using asker = createProgressAsker({ call: shard.client.call, clock: createSystemClock(), timeoutMs: 5_000 });
    const [first, second] = [asker.ask(past(10)), asker.ask(past(20))];
    await shard.question(0);
    (await shard.question(1)).answer();
    expect(await second).toEqual({ progress: 21, lastRevision: 20 });
    (await shard.question(0)).answer();
    expect(await first).toEqual({ progress: 11, lastRevision: 10 });
    expect(shard.streams()).toBe(1);
  });

  it('fails all that wait when the shard fails, and begins again with the next request', async () => {
    const shard = await startShard();
    using asker = createProgressAsker({ call: shard.client.call, clock: createSystemClock(), timeoutMs: 5_000 });
    const both = [asker.ask(past(1)), asker.ask(past(2))].map((one) =>
      expect(one).rejects.toMatchObject({ code: 'unavailable' }),
    );
    await shard.question(1);
    (await shard.question(0)).answer(new RpcError('unavailable', 'not the owner'));
    await Promise.all(both);
    const next = asker.ask(past(3));
    (await shard.question(2)).answer();
    expect((await next).progress).toBe(4);
    expect(shard.streams()).toBe(2);
  });

  it('gives up a shard that is silent for too long', async () => {
    const shard = await startShard();
    const clock = createManualClock();
    using asker = createProgressAsker({ call: shard.client.call, clock, timeoutMs: 2_000 });
    const asked = asker.ask(past(1));
    await shard.question(0);
    clock.advance(2_001);
    await expect(asked).rejects.toMatchObject({ code: 'deadline-exceeded' });
  });

  it('leaves nobody waiting when it is disposed of', async () => {
    const shard = await startShard();
    const asker = createProgressAsker({ call: shard.client.call, clock: createSystemClock(), timeoutMs: 5_000 });
    const asked = expect(asker.ask(past(1))).rejects.toBeInstanceOf(RpcError);
    asker[Symbol.dispose]();
    await asked;
  });
});

describe('answering each question', () => {
  it('holds no more than a hundred at once', async () => {
    let underWay = 0;
    let most = 0;
    async function* questions() {
      for (let i = 0; i < 300; i++) yield i;
    }
    const answers: number[] = [];
    for await (const answer of answerEach(questions(), async (i) => {
      most = Math.max(most, ++underWay);
      await new Promise((resolve) => setImmediate(resolve));
      underWay--;
      return i;
    }))
      answers.push(answer);
    expect(answers).toHaveLength(300);
    expect(most).toBe(100);
  });
});
