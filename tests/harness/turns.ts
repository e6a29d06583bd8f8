/**
 * Servers that say how long the turns of their event loops are: how they are started, and asked.
 */
import { connect } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { environment } from './config.ts';

/** Where the process is asked that was started with this folder in its environment. */
export function turnsSocket(folder: string, pid: number): string {
  return join(folder, `turns-${pid}.sock`);
}

/** The environment in which a program's turns are measured; only one that Node runs heeds it. */
export function measuredTurns(folder: string): NodeJS.ProcessEnv {
  return {
    ...environment,
    NODE_OPTIONS: `--import ${join(import.meta.dirname, 'turn-probe.ts')}`,
    KCP_TEST_TURNS: folder,
  };
}

/** Milliseconds: the longest turn of a process since it was asked last. */
export async function longestTurn(folder: string, pid: number): Promise<number> {
  return Number(await text(connect(turnsSocket(folder, pid))));
}
