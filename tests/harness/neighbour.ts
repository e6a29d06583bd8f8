/**
 * Another tenant, while somebody attacks: how long its GETs wait. It runs in a thread of its own,
 * so that what the test itself computes (large bodies) is not mistaken for a stall of the server.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { Worker } from 'node:worker_threads';
import { expect } from 'vitest';
import type { ClientOptions } from './api-client.ts';

export interface NeighbourTarget extends ClientOptions {
  /** What it GETs, one request after the other. */
  readonly path: string;
}

export interface Waits {
  readonly count: number;
  /** Answers other than 200. */
  readonly refused: number;
  readonly medianMs: number;
  readonly maxMs: number;
}

/** How much longer than without the attack another tenant may wait. */
export const stallMsMax = 50;
/**
 * Attacker, neighbour and server share two processors in CI: where the server says how long the
 * turns of its event loop are, those are held to `stallMsMax`, and the neighbour, who also waits
 * for a processor, to this.
 */
const sharedStallMsMax = 250;
const quietMs = 400;
const attempts = 10;

/** A server that says how long its longest turn was since it was asked last. */
export interface MeasuredServer {
  readonly longestTurn: (() => Promise<number>) | undefined;
}

/** The waits of a neighbour's GETs from before `attack` starts until it is done. */
export async function waitsDuring(target: NeighbourTarget, attack: () => Promise<unknown>): Promise<Waits> {
  const worker = new Worker(new URL('./neighbour-worker.ts', import.meta.url), { workerData: target });
  const failed = new Promise<never>((_resolve, reject) => worker.once('error', reject));
  const message = () =>
    Promise.race([failed, new Promise<unknown>((resolve) => worker.once('message', resolve))]) as Promise<Waits>;
  try {
    await message();
    const answer = message();
    answer.catch(() => undefined);
    await attack();
    worker.postMessage('stop');
    return await answer;
  } finally {
    await worker.terminate();
  }
}

/**
 * Expects that no GET of a neighbour waits more than `stallMsMax` longer than in quiet times while
 * `attack` runs, or that no turn of the server's event loop is longer than that where the server
 * tells. A machine with other work can only add to a wait, so the best of ten attempts counts:
 * what an attack causes, it causes each time. Bodies should be made before: what the attack itself
 * computes takes a processor from the server.
 */
export async function expectNoStall(
  target: NeighbourTarget,
  attack: () => Promise<unknown>,
  server: MeasuredServer = { longestTurn: undefined },
): Promise<void> {
  const seen: string[] = [];
  for (let attempt = 0; attempt < attempts; attempt++) {
    const quiet = await waitsDuring(target, () => new Promise((resolve) => setTimeout(resolve, quietMs)));
    await server.longestTurn?.();
    const waits = await waitsDuring(target, attack);
    const turnMs = await server.longestTurn?.();
    const stallMs = waits.maxMs - quiet.medianMs;
    const turn = turnMs === undefined ? '' : `, the longest turn of the server ${Math.round(turnMs)} ms`;
    seen.push(`${Math.round(stallMs)} ms (${waits.count} GETs, ${waits.refused} refused${turn})`);
    const short =
      stallMs <= stallMsMax || (turnMs !== undefined && turnMs <= stallMsMax && stallMs <= sharedStallMsMax);
    if (short && waits.refused === 0) return;
  }
  expect.fail(`another tenant's GET waited too long in each attempt: ${seen.join(', ')}`);
}

/** From now on `peakBytes` starts again. */
export async function resetPeak(pid: number): Promise<void> {
  await writeFile(`/proc/${pid}/clear_refs`, '5');
}

/** The most memory that was resident since `resetPeak`. */
export async function peakBytes(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1] ?? Number.NaN) * 1024;
}
