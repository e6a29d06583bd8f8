import { request } from 'node:http';
import { createSystemClock } from '@kcp-ts/base';
import type { LoopbackServer } from '@kcp-ts/http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseProfilerAddress, startProfiler } from './start-profiler.ts';

let profiler: LoopbackServer;
const errors: unknown[] = [];
beforeAll(async () => {
  profiler = await startProfiler('127.0.0.1:0', { clock: createSystemClock(), onError: (error) => errors.push(error) });
});
afterAll(() => profiler[Symbol.asyncDispose]());

const get = (path: string) => fetch(`http://127.0.0.1:${profiler.port}${path}`);

/** What a profile is to find. */
function burnCpu(milliseconds: number): void {
  const until = performance.now() + milliseconds;
  while (performance.now() < until) Math.sqrt(until);
}

it.each([
  [':6060', { host: '127.0.0.1', port: 6060 }],
  ['localhost:6060', { host: 'localhost', port: 6060 }],
  ['[::1]:0', { host: '[::1]', port: 0 }],
])('listens at %s', (address, expected) => {
  expect(parseProfilerAddress(address)).toEqual(expected);
});

it.each([
  ['0.0.0.0:6060', 'is not on loopback'],
  ['10.0.0.1:6060', 'give 127.0.0.1:6060'],
  ['example.com:6060', 'is not on loopback'],
  ['127.0.0.1', 'is not host:port'],
  ['127.0.0.1:99999', 'is not host:port'],
])('refuses %s', (address, message) => {
  expect(() => parseProfilerAddress(address)).toThrow(message);
});

it('refuses a request under a name that a page in a browser may give to loopback', async () => {
  const status = await new Promise<number | undefined>((answered, failed) => {
    const headers = { host: 'attacker.example.com' };
    request({ host: '127.0.0.1', port: profiler.port, path: '/debug/pprof/', headers }, (response) => {
      response.resume();
      answered(response.statusCode);
    })
      .once('error', failed)
      .end();
  });
  expect(status).toBe(403);
});

describe('takes', () => {
  it('a CPU profile that says where time was spent', async () => {
    const taken = get('/debug/pprof/profile?seconds=0.5&format=cpuprofile');
    const working = setInterval(() => burnCpu(20), 25);
    const profile = (await (await taken).json()) as { nodes: { callFrame: { functionName: string } }[] };
    clearInterval(working);
    expect(profile.nodes.map(({ callFrame }) => callFrame.functionName)).toContain('burnCpu');
  });

  it('turns of the event loop that took too long, with what they did', async () => {
    const taken = get('/debug/stalls?seconds=1&milliseconds=60');
    // Once the profiler has begun.
    await new Promise((resolve) => setTimeout(resolve, 300));
    burnCpu(150);
    const { stalls } = (await (await taken).json()) as {
      stalls: { durationMs: number; stacks: { frames: string[] }[] }[];
    };
    const found = stalls.find(({ stacks }) =>
      stacks.some(({ frames }) => frames.some((frame) => frame.startsWith('burnCpu '))),
    );
    expect(found?.durationMs).toBeGreaterThan(100);
  });

  it('one profile at a time', async () => {
    const first = get('/debug/pprof/profile?seconds=0.3');
    const statuses = await Promise.all(
      [first, get('/debug/pprof/profile?seconds=0.3')].map(async (each) => (await each).status),
    );
    expect(statuses.sort()).toEqual([200, 409]);
  });

  it('nothing of unbounded length, and nothing else', async () => {
    expect((await get('/debug/pprof/profile?seconds=301')).status).toBe(400);
    expect((await get('/debug/stalls?milliseconds=-1')).status).toBe(400);
    expect((await get('/debug/else')).status).toBe(404);
    expect((await fetch(`http://127.0.0.1:${profiler.port}/debug/pprof/heap`, { method: 'POST' })).status).toBe(405);
    expect(errors).toEqual([]);
  });
});
