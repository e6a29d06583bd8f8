/**
 * Runs a service until SIGINT or SIGTERM; then stops it cleanly. A second signal ends it at once. An error that nobody caught does not end it, but where
 * state is broken (`libs/base/uncaught-errors.ts`).
 */
import type { UncaughtErrors } from '@kcp-ts/base';
import type { FlagsResult } from '@kcp-ts/flags';
import { catchUncaught } from './catch-uncaught.ts';
import { environment } from './config.ts';
import { untilAsked } from './until-asked.ts';

export interface Runnable<Config> {
  readConfig(args: readonly string[], environment: Readonly<Record<string, string | undefined>>): FlagsResult<Config>;
  /** Resolves when it serves, with a line that says so. */
  start(
    config: Config,
    uncaught: UncaughtErrors,
  ): Promise<AsyncDisposable & { readonly ready: string; readonly lost?: Promise<Error> }>;
}

export async function run<Config>(service: Runnable<Config>, args: readonly string[]): Promise<void> {
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
  const { asked: stop } = untilAsked({ hangUp: true });
  const uncaught = catchUncaught();
  try {
    const running = await Promise.race([service.start(result.config, uncaught), stop]);
    if (running === undefined) process.exit(0);
    process.stdout.write(`${running.ready}\n`);
    const lost = await Promise.race([stop, running.lost ?? stop]);
    if (lost !== undefined) throw lost;
    await running[Symbol.asyncDispose]();
  } catch (error) {
    process.stderr.write(`error: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(1);
  }
}
