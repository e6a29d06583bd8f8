/**
 * Servers in which a test lets errors happen that nobody catches: how they are started, and made
 * to.
 */
import { connect } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { environment } from './config.ts';

/**
 * Where an error comes from, and what Node calls that. `connection`: when the next connection to
 * the server closes.
 */
export const faultCauses = {
  timer: 'uncaughtException',
  interval: 'uncaughtException',
  immediate: 'uncaughtException',
  microtask: 'uncaughtException',
  callback: 'uncaughtException',
  connection: 'uncaughtException',
  signal: 'uncaughtException',
  rejection: 'unhandledRejection',
  asynchronous: 'unhandledRejection',
} as const;

export type FaultCause = keyof typeof faultCauses;

/** The file that the process watches that was started with this folder in its environment. */
export function faultsSocket(folder: string, pid: number): string {
  return join(folder, `faults-${pid}.sock`);
}

/** The environment in which a program can be made to fail; only one that Node runs heeds it. */
export function failingOnDemand(folder: string): NodeJS.ProcessEnv {
  return {
    ...environment,
    NODE_OPTIONS: `--import ${join(import.meta.dirname, 'fault-probe.ts')}`,
    KCP_TEST_FAULTS: folder,
  };
}

/**
 * Resolves when the process has been notified; the error happens then, or when what it waits for
 * does.
 */
export async function letFail(folder: string, pid: number, cause: FaultCause): Promise<void> {
  const socket = connect(faultsSocket(folder, pid));
  socket.end(cause);
  await text(socket);
}
