import { createServer } from 'node:net';
import { expect, it } from 'vitest';
import { acceptsConnections, freePorts, isFreePort } from './free-ports.ts';

function listening(port: number): Promise<Disposable> {
  const server = createServer();
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => resolve({ [Symbol.dispose]: () => void server.close() }));
  });
}

it('finds different ports, none of which is taken by somebody who listens or connects', async () => {
  const [taken = 0] = await freePorts(1);
  using _listening = await listening(taken);
  // The same number twice, and one that is taken: each is passed over.
  const said = [taken, taken + 1, taken + 1, taken + 2];
  let at = 0;
  const integer = (below: number) => {
    expect(below).toBeLessThanOrEqual(32_768 - 10_000);
    return Math.min(below - 1, (said[at++] ?? taken + at) - 10_000);
  };
  const found = await freePorts(2, { integer });
  expect(new Set(found).size).toBe(2);
  expect(found).not.toContain(taken);
});

it('says so when there are none', async () => {
  const [taken = 0] = await freePorts(1);
  using _listening = await listening(taken);
  await expect(freePorts(1, { integer: () => taken - 10_000 })).rejects.toThrow('Cannot find 1 free ports');
});

it('a port that somebody listens on is not free, and accepts connections', async () => {
  const [port = 0] = await freePorts(1);
  expect([await isFreePort(port), await acceptsConnections(port)]).toEqual([true, false]);
  using _listening = await listening(port);
  expect([await isFreePort(port), await acceptsConnections(port)]).toEqual([false, true]);
});
