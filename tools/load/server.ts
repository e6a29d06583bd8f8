/**
 * A kcp-ts of the bench's own: started as a user starts it, on loopback, in a temporary folder,
 * ended with the bench.
 */
import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Credentials } from './client.ts';
import { readCredentials } from './credentials.ts';

export interface BenchServer extends AsyncDisposable {
  readonly pid: number;
  /** Milliseconds from the start of the process on an empty folder until it was ready. */
  readonly coldStartMs: number;
  readonly admin: Credentials;
  readonly masters: Credentials;
}

const program = resolve(import.meta.dirname, '../../bin/kcp-ts');

function ready(child: ChildProcess): Promise<void> {
  return new Promise((done, failed) => {
    child.stdout?.on('data', (chunk: Buffer) => {
      if (chunk.toString().includes('ready to serve')) done();
    });
    child.once('exit', (code) => failed(new Error(`kcp-ts ended with ${code} before it was ready`)));
  });
}

export async function startBenchServer(): Promise<BenchServer> {
  const folder = await mkdtemp(join(tmpdir(), 'kcp-ts-bench-'));
  const start = performance.now();
  const child = spawn(
    program,
    ['start', '--root-directory', folder, '--secure-port', '0', '--bind-address', '127.0.0.1', '-v', '0'],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  await ready(child);
  const coldStartMs = performance.now() - start;
  return {
    pid: child.pid ?? 0,
    coldStartMs,
    admin: await readCredentials(folder, 'base', 'kcp-admin'),
    masters: await readCredentials(folder, 'base', 'shard-admin'),
    async [Symbol.asyncDispose]() {
      const gone = new Promise<void>((done) => child.once('exit', () => done()));
      child.kill('SIGTERM');
      await gone;
      await rm(folder, { recursive: true, force: true });
    },
  };
}
