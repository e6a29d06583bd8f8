/** Ports for programs that cannot choose one themselves. */
import { readFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import type { Random } from './random.ts';
import { createSystemRandom } from './random.ts';

const firstPort = 10_000;
/** Where Linux begins to take ports for outgoing connections, unless it is configured otherwise. */
const outgoingFromDefault = 32_768;
const attemptsMax = 1_000;

/**
 * From here on any connection that somebody opens may take a port before the program does that it
 * was found for.
 */
function outgoingFrom(): number {
  try {
    const from = Number.parseInt(readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'utf8'), 10);
    return from > firstPort ? from : outgoingFromDefault;
  } catch {
    return outgoingFromDefault;
  }
}

/** Whether nobody listens on a port of 127.0.0.1. */
export function isFreePort(port: number): Promise<boolean> {
  const server = createServer();
  return new Promise((resolve) => {
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}

/**
 * Whether a process listens on a port of 127.0.0.1. Does not take the port, as `isFreePort` does
 * for a moment.
 */
export function acceptsConnections(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  return new Promise((resolve) => {
    const end = (accepted: boolean) => {
      socket.destroy();
      resolve(accepted);
    };
    socket.once('connect', () => end(true));
    socket.once('error', () => end(false));
  });
}

/**
 * Different ports of 127.0.0.1 that nobody listened on a moment ago, and that no outgoing
 * connection takes. Throws when there are none.
 */
export async function freePorts(
  count: number,
  random: Pick<Random, 'integer'> = createSystemRandom(),
): Promise<readonly number[]> {
  const end = outgoingFrom();
  const found = new Set<number>();
  for (let attempt = 0; found.size < count; attempt++) {
    if (attempt >= count + attemptsMax) throw new Error(`Cannot find ${count} free ports from ${firstPort} to ${end}`);
    const port = firstPort + random.integer(end - firstPort);
    if (!found.has(port) && (await isFreePort(port))) found.add(port);
  }
  return [...found];
}

/** The port that was asked for; a free one where that is 0. */
export async function portOrFree(wanted: number): Promise<number> {
  if (wanted !== 0) return wanted;
  const [free = 0] = await freePorts(1);
  return free;
}
