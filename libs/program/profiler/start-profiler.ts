/**
 * `--profiler-address`: profiles of a running program, for users of its machine. A profile or a
 * heap snapshot shows the secrets of the process, so it listens on loopback alone.
 *
 *   /debug/pprof/profile?seconds=30    CPU profile for `go tool pprof`; with &format=cpuprofile for
 *                                      Chrome's and VS Code's tools
 *   /debug/pprof/heap                  heap snapshot (.heapsnapshot); the program stands still
 *                                      while it is taken
 *   /debug/stalls?seconds=30&milliseconds=50
 *                                      turns of the event loop of at least so long, with stacks
 */
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { getHeapSnapshot } from 'node:v8';
import { gzip } from 'node:zlib';
import type { Clock } from '@kcp-ts/base';
import type { LoopbackHandler, LoopbackServer } from '@kcp-ts/http';
import { isLoopback, startLoopbackServer } from '@kcp-ts/http';
import { takeCpuProfile } from './cpu-profile.ts';
import { encodePprof } from './pprof.ts';
import { stallsOf, watchTurns } from './stalls.ts';

export interface ProfilerDependencies {
  readonly clock: Clock;
  onError(error: unknown): void;
}

const secondsDefault = 30;
const secondsMax = 300;
const thresholdMsDefault = 50;

const index = `/debug/pprof/profile?seconds=30                     CPU profile, for go tool pprof
/debug/pprof/profile?seconds=30&format=cpuprofile   the same, for Chrome and VS Code
/debug/pprof/heap                                   heap snapshot; the program stands still meanwhile
/debug/stalls?seconds=30&milliseconds=50            long turns of the event loop, with stacks
`;

/** `127.0.0.1:6060`, `localhost:6060`, `[::1]:6060`; `:6060` is 127.0.0.1. Throws for any other. */
export function parseProfilerAddress(address: string): { readonly host: string; readonly port: number } {
  const [, host = '', digits = ''] = /^(.*):(\d{1,5})$/.exec(address) ?? [];
  const port = Number(digits);
  if (digits === '' || port > 65_535) throw new RangeError(`--profiler-address ${address} is not host:port`);
  if (host !== '' && !isLoopback(host))
    throw new RangeError(
      `--profiler-address ${address} is not on loopback, and anybody who can reach a profiler can read the memory of the process: give 127.0.0.1:${port}`,
    );
  return { host: host === '' ? '127.0.0.1' : host, port };
}

/** A bound number of a query; undefined for what is none. */
function numberIn(query: URLSearchParams, name: string, standard: number, max: number): number | undefined {
  const value = Number(query.get(name) ?? standard);
  return value > 0 && value <= max ? value : undefined;
}

const gzipped = promisify(gzip);

/** Rejects where the address cannot be used. */
export async function startProfiler(
  address: string,
  { clock, onError }: ProfilerDependencies,
): Promise<LoopbackServer> {
  let busy = false;
  const profiles: LoopbackHandler = async (request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://localhost');
    const seconds = numberIn(searchParams, 'seconds', secondsDefault, secondsMax);
    const thresholdMs = numberIn(searchParams, 'milliseconds', thresholdMsDefault, 60_000);
    if (seconds === undefined || thresholdMs === undefined) {
      response.writeHead(400).end(`seconds must be from 0 to ${secondsMax}, and milliseconds above 0\n`);
    } else if (pathname === '/debug/pprof/profile') {
      const startedMs = clock.now();
      const profile = await takeCpuProfile(clock, seconds * 1_000);
      if (searchParams.get('format') === 'cpuprofile') response.end(JSON.stringify(profile));
      else response.end(await gzipped(encodePprof(profile, startedMs)));
    } else if (pathname === '/debug/stalls') {
      using turns = watchTurns(clock, thresholdMs);
      const startedAt = clock.monotonic();
      const profile = await takeCpuProfile(clock, seconds * 1_000);
      response.setHeader('content-type', 'application/json');
      response.end(
        `${JSON.stringify({ seconds, stalls: stallsOf(profile, turns.intervals, startedAt) }, undefined, 2)}\n`,
      );
    } else {
      await pipeline(getHeapSnapshot(), response);
    }
  };
  const paths: ReadonlySet<string> = new Set(['/debug/pprof/profile', '/debug/stalls', '/debug/pprof/heap']);
  const handle: LoopbackHandler = async (request, response) => {
    const path = (request.url ?? '/').replace(/\?.*$/, '');
    if (request.method !== 'GET') response.writeHead(405, { allow: 'GET' }).end();
    else if (path === '/debug/pprof/' || path === '/debug/pprof') response.end(index);
    else if (!paths.has(path)) response.writeHead(404).end(index);
    else if (busy) response.writeHead(409).end('another profile is being taken\n');
    else {
      busy = true;
      try {
        await profiles(request, response);
      } finally {
        busy = false;
      }
    }
  };
  return startLoopbackServer(parseProfilerAddress(address), handle, onError);
}
