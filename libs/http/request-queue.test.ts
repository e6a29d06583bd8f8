import { expect, it } from 'vitest';
import type { Flow, Waiting } from './flow.ts';
import { createFlows } from './flow.ts';
import { defaultHttpLimits } from './limits.ts';
import { anonymousPeer } from './queue.fixture.ts';
import { createRequestQueue } from './request-queue.ts';

interface Request extends Waiting {
  closed: boolean;
  readonly name: string;
}

function at(limits: Partial<typeof defaultHttpLimits> = {}) {
  let next: (() => void)[] = [];
  const clock = { nowMs: 0, monotonic: () => clock.nowMs };
  let crowded = false;
  const queue = createRequestQueue({
    limits: { ...defaultHttpLimits, ...limits },
    clock,
    crowded: () => crowded,
    nextTurn: (run) => void next.push(run),
  });
  const connections = createFlows(() => false);
  const ran: string[] = [];
  return {
    queue,
    clock,
    ran,
    crowd: (now: boolean) => {
      crowded = now;
    },
    client: (): Flow => connections(anonymousPeer).flowOf(undefined),
    /** `cost` in milliseconds; it stays under way until it is finished. */
    submit(flow: Flow, name: string, cost = 0): Request {
      const request: Request = {
        name,
        closed: false,
        queued: false,
        run() {
          queue.started(flow);
          clock.nowMs += cost;
          ran.push(name);
        },
      };
      queue.submit(flow, request);
      return request;
    },
    turn() {
      const now = next;
      next = [];
      for (const run of now) run();
    },
    idle: () => next.length === 0,
  };
}

it('a request is served at once while there is little to do', () => {
  const { queue, client, submit, ran } = at();
  submit(client(), 'one');
  submit(client(), 'two');
  expect(ran).toEqual(['one', 'two']);
  expect(queue.sizes()).toEqual({ waiting: 0, running: 2 });
});

it('a client with one request does not wait behind a client with a thousand', () => {
  const { queue, client, submit, turn, ran } = at({ requestsPerClientMax: 10_000 });
  const loud = client();
  for (let index = 0; index < 1000; index++) submit(loud, `loud ${index}`, 1);
  expect(queue.sizes().waiting).toBeGreaterThan(900);
  const before = ran.length;
  submit(client(), 'quiet', 1);
  turn();
  turn();
  // So many of one client leave in a row.
  expect(ran).toContain('quiet');
  expect(ran.indexOf('quiet') - before).toBeLessThanOrEqual(16);
});

it('nobody starves: however many new clients come, those who wait go on', () => {
  const { client, submit, turn, ran } = at({ requestsPerClientMax: 10_000 });
  const old = client();
  for (let index = 0; index < 40; index++) submit(old, `old ${index}`, 2);
  for (let round = 0; round < 400; round++) {
    for (let each = 0; each < 4; each++) submit(client(), 'new', 2);
    turn();
  }
  expect(ran.filter((name) => name.startsWith('old'))).toHaveLength(40);
});

it('clients that have much to do share the turns, and each is served in its own order', () => {
  const { queue, client, submit, turn, ran } = at({ requestsPerClientMax: 10_000 });
  const clients = [client(), client(), client()];
  clients.forEach((flow, each) => {
    for (let index = 0; index < 200; index++) submit(flow, `${each} ${index}`, 1);
  });
  while (ran.length < 300) turn();
  const counts = clients.map((_, each) => ran.filter((name) => name.startsWith(`${each} `)).length);
  for (const count of counts) expect(count).toBeGreaterThan(60);
  while (queue.sizes().waiting > 0) turn();
  clients.forEach((_, each) => {
    const own = ran.filter((name) => name.startsWith(`${each} `));
    expect(own).toEqual(Array.from({ length: 200 }, (_none, index) => `${each} ${index}`));
  });
});

it('a client has so many requests under way, and each that ends lets the next one in', () => {
  const { queue, client, submit, turn, ran } = at({ requestsPerClientMax: 2 });
  const flow = client();
  for (let index = 0; index < 4; index++) submit(flow, `${index}`);
  turn();
  expect(ran).toEqual(['0', '1']);
  queue.finished(flow, false);
  turn();
  turn();
  expect(ran).toEqual(['0', '1', '2']);
});

it('all clients together have so many under way, but one with none is served all the same', () => {
  const { queue, client, submit, turn, ran } = at({ requestsRunningMax: 2 });
  const loud = client();
  for (let index = 0; index < 4; index++) submit(loud, `loud ${index}`);
  turn();
  expect(queue.sizes()).toEqual({ running: 2, waiting: 2 });
  submit(client(), 'quiet');
  turn();
  expect(ran).toContain('quiet');
});

it('requests whose client has gone are dropped before they begin, wherever in the queue they stand', () => {
  const { queue, client, submit, turn, idle, ran } = at({ requestsPerClientMax: 1 });
  const flow = client();
  const requests = Array.from({ length: 100 }, (_, index) => submit(flow, `${index}`));
  for (const request of requests.slice(1, 99)) {
    request.closed = true;
    queue.gone(flow, request);
  }
  expect(queue.sizes()).toEqual({ running: 1, waiting: 1 });
  expect(flow.waiting.length).toBeLessThan(10);
  queue.finished(flow, false);
  while (!idle()) turn();
  expect(ran).toEqual(['0', '99']);
  queue.finished(flow, false);
  while (!idle()) turn();
  expect(queue.sizes()).toEqual({ running: 0, waiting: 0 });
  expect([flow.running, flow.waiting.length, flow.gone, flow.place]).toEqual([0, 0, 0, 'none']);
});

it('nothing is begun for a client that has not taken its answers, until it has, nor for one that left any while all together leave too much', () => {
  const { queue, client, submit, turn, ran, crowd } = at({ unsentBytesPerClient: 1000 });
  const flow = client();
  flow.unsentBytes = 1000;
  submit(flow, 'one');
  turn();
  expect(ran).toEqual([]);
  crowd(true);
  flow.unsentBytes = 10;
  queue.startNext(flow);
  turn();
  expect(ran).toEqual([]);
  flow.unsentBytes = 0;
  queue.startNext(flow);
  turn();
  turn();
  expect(ran).toEqual(['one']);
});

it('of long work one piece runs in a turn at once, and clients take turns with the rest', async () => {
  const { queue, clock, client, turn, idle } = at();
  const [loud, quiet] = [client(), client()];
  const went: string[] = [];
  expect(queue.pause(loud)).toBeUndefined();
  const work = async (flow: Flow, name: string) => {
    await queue.pause(flow);
    clock.nowMs += 4;
    went.push(name);
  };
  const all = Promise.all([...Array.from({ length: 10 }, () => work(loud, 'loud')), work(quiet, 'quiet')]);
  while (!idle()) {
    turn();
    await Promise.resolve();
    await Promise.resolve();
  }
  await all;
  expect(went).toHaveLength(11);
  expect(went.indexOf('quiet')).toBeLessThan(2);
});

it('refuses what is more than may wait', () => {
  const { queue, client, submit } = at({ requestsPerClientMax: 1, requestsWaitingMax: 3 });
  const flow = client();
  for (let index = 0; index < 4; index++) submit(flow, `${index}`);
  expect(queue.sizes().waiting).toBe(3);
  const more: Waiting = { closed: false, queued: false, run: () => undefined };
  expect(queue.submit(flow, more)).toBe(false);
  expect(queue.sizes().waiting).toBe(3);
});
