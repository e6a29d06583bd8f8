/**
 * Runs a service until SIGINT or SIGTERM; then stops it cleanly. A second signal ends it at once.
 * SIGHUP has it read its files again.
 * An error that nobody caught does not end it, but where state is broken
 * (`libs/base/uncaught-errors.ts`).
 */
import { format } from 'node:util';
import { createReloads, createSystemClock } from '@kcp-ts/base';
import type { FlagsResult } from '@kcp-ts/flags';
import { createLogger } from '@kcp-ts/observability';
import type { ProcessEvents } from '@kcp-ts/program';
import { startProfiler } from '@kcp-ts/program';
import { catchUncaught } from './catch-uncaught.ts';
import { environment } from './config.ts';
import { describeStartError } from './describe-start-error.ts';
import { untilAsked } from './until-asked.ts';

export interface Runnable<Config> {
  readConfig(args: readonly string[], environment: Readonly<Record<string, string | undefined>>): FlagsResult<Config>;
  /** Resolves when it serves, with a line that says so. */
  start(config: Config, events: ProcessEvents): Promise<AsyncDisposable & { readonly ready: string }>;
}

/**
 * What libraries print (LMDB: each failed write with its stack) comes to us as an error as well.
 * The log stays JSON, a line for an event.
 */
function logPrinted(verbosity: number): void {
  const log = createLogger(verbosity);
  const print = (...printed: readonly unknown[]) => log.debug({ printed: format(...printed) }, 'a library printed');
  console.error = print;
  console.warn = print;
}

/** Serves profiles where that is asked for. */
async function profilerOf(config: {
  readonly verbosity: number;
  readonly profilerAddress: string;
}): Promise<AsyncDisposable | undefined> {
  if (config.profilerAddress === '') return undefined;
  const log = createLogger(config.verbosity);
  const profiler = await startProfiler(config.profilerAddress, {
    clock: createSystemClock(),
    onError: (err) => log.error({ err }, 'a profile could not be taken'),
  });
  log.info({ port: profiler.port }, 'profiles are served on loopback');
  return profiler;
}

export async function run<Config extends { readonly verbosity: number; readonly profilerAddress: string }>(
  service: Runnable<Config>,
  args: readonly string[],
): Promise<void> {
  const result = service.readConfig(args, environment);
  if (result.kind === 'help') {
    process.stdout.write(result.text);
    return;
  }
  if (result.kind === 'wrong') {
    process.stderr.write(`error: ${result.message}\n`);
    process.exitCode = 2;
    return;
  }
  // A terminal that hangs up ends what was started in it. Without one SIGHUP means what it means to
  // servers: read your files again.
  const hangUp = process.stdin.isTTY === true;
  const { asked: stop } = untilAsked({ hangUp });
  const reloads = createReloads();
  if (!hangUp) process.on('SIGHUP', () => void reloads.order());
  const uncaught = catchUncaught();
  logPrinted(result.config.verbosity);
  try {
    await using _profiler = await profilerOf(result.config);
    const running = await Promise.race([service.start(result.config, { uncaught, reloads }), stop]);
    if (running === undefined) process.exit(0);
    process.stdout.write(`${running.ready}\n`);
    await stop;
    await running[Symbol.asyncDispose]();
  } catch (error) {
    process.stderr.write(`error: ${describeStartError(error, result.config)}\n`);
    process.exit(1);
  }
}
