/**
 * The thread of `neighbour.ts`: GETs one after the other until it is stopped, then says how long
 * they waited.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { createApiClient } from './api-client.ts';
import type { NeighbourTarget } from './neighbour.ts';

const target = workerData as NeighbourTarget;
const pauseMs = 2;

const client = createApiClient(target);
const waits: number[] = [];
let refused = 0;
let stopped = false;

const warm = await client.get(target.path);
if (warm.status !== 200) throw new Error(`the neighbour's GET was answered ${warm.status}: ${warm.text}`);
parentPort?.once('message', () => {
  stopped = true;
});
parentPort?.postMessage('ready');
do {
  const begin = performance.now();
  const { status } = await client.get(target.path);
  waits.push(performance.now() - begin);
  if (status !== 200) refused++;
  await new Promise((resolve) => setTimeout(resolve, pauseMs));
} while (!stopped);
waits.sort((left, right) => left - right);
parentPort?.postMessage({
  count: waits.length,
  refused,
  medianMs: waits[Math.floor(waits.length / 2)] ?? 0,
  maxMs: waits.at(-1) ?? 0,
});
await client[Symbol.asyncDispose]();
