/** The program as an operator runs it. */
import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { resolve } from 'node:path';

const program = resolve(import.meta.dirname, '../../bin/kcp-ts');

export interface EndedProgram {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly out: string;
  readonly err: string;
}

export interface RunningProgram {
  readonly child: ChildProcess;
  /**
   * Resolves when it says that it serves, with all that it has said; rejects when it ends before.
   */
  readonly ready: Promise<string>;
  readonly ended: Promise<EndedProgram>;
  /** Resolves when its log has said that; rejects when it ends before. */
  said(what: RegExp): Promise<void>;
}

export function runProgram(args: readonly string[], name = program): RunningProgram {
  const child = spawn(name, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let out = '';
  let err = '';
  child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()));
  const ended = new Promise<EndedProgram>((done) => {
    child.once('close', (code, signal) => done({ code, signal, out, err }));
  });
  const ready = new Promise<string>((done, failed) => {
    child.stdout.on('data', (chunk: Buffer) => {
      out += chunk.toString();
      if (out.includes('ready to serve')) done(out);
    });
    void ended.then(() => failed(new Error(`it ended before it was ready: ${out}${err}`)));
  });
  ready.catch(() => undefined);
  const said = (what: RegExp) =>
    new Promise<void>((done, failed) => {
      const look = () => void (what.test(err) && done());
      child.stderr.on('data', look);
      look();
      void ended.then(() => failed(new Error(`it ended before it said ${what}: ${out}${err}`)));
    });
  return { child, ready, ended, said };
}

/** Asks those that still run to end, and waits for that. */
export async function endPrograms(started: readonly RunningProgram[]): Promise<void> {
  for (const { child } of started) if (child.exitCode === null) child.kill('SIGTERM');
  await Promise.all(started.map(({ ended }) => ended));
}
