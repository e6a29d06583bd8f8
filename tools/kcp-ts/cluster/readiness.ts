/** Until a part of a local installation is ready. */
import { open } from 'node:fs/promises';
import type { Clock } from '@kcp-ts/base';
import { acceptsConnections, pauseAlive } from '@kcp-ts/base';
import { createHttpClient } from '@kcp-ts/http';
import type { Part } from './layout.ts';
import type { PartProcess } from './process.ts';

const pollMs = 100;
const logLinesShown = 10;

export interface Awaited {
  readonly part: Part;
  readonly process: PartProcess;
  readonly path: 'livez' | 'readyz';
  /** PEM of the authority of the installation. */
  readonly ca: string;
  readonly clock: Clock;
  readonly withinMs: number;
  /** Of a start: a process that ends by itself is not waited for until it runs again. */
  readonly first?: { readonly signal: AbortSignal | undefined } | undefined;
}

/**
 * A part that does not get ready may take its folder with it: what its process said last goes with
 * the error.
 */
async function logEnd({ logFile, logStart }: PartProcess): Promise<string> {
  try {
    await using file = await open(logFile);
    const { size } = await file.stat();
    const { buffer } = await file.read({ position: logStart, buffer: Buffer.alloc(Math.max(0, size - logStart)) });
    const text = buffer.toString('utf8').trimEnd();
    return text === '' ? '' : `; the end of its log:\n${text.split('\n').slice(-logLinesShown).join('\n')}`;
  } catch {
    return '';
  }
}

/** Throws where the process has ended by itself since it was created. */
export async function refuseEnded({ name }: Part, process: PartProcess): Promise<void> {
  if (process.ownEnd !== undefined) throw new Error(`${name} ${process.ownEnd}${await logEnd(process)}`);
}

/**
 * Rejects when the process of a start ends by itself, when the signal is aborted, and after a
 * while.
 */
export async function awaitReady(awaited: Awaited): Promise<void> {
  const { part, process, path, ca, clock, withinMs, first } = awaited;
  using client = createHttpClient({ ca, timeout: 2_000 });
  const url = part.kind === 'etcd' ? `http://127.0.0.1:${part.port}/health` : `https://127.0.0.1:${part.port}/${path}`;
  const isReady = () =>
    part.kind === 'nats'
      ? acceptsConnections(part.port)
      : client.request('GET', url).then(
          ({ status }) => status === 200,
          () => false,
        );
  const end = clock.monotonic() + withinMs;
  for (;;) {
    const ready = await isReady();
    first?.signal?.throwIfAborted();
    if (first !== undefined) await refuseEnded(part, process);
    if (ready) return;
    if (clock.monotonic() > end) {
      const state = process.running ? 'is running and not ready' : 'does not run';
      throw new Error(`${part.name} ${state} after ${withinMs} ms${await logEnd(process)}`);
    }
    await pauseAlive(clock, pollMs);
  }
}
