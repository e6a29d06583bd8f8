import type { UncaughtErrors } from '@kcp-ts/base';
import { createSystemClock, createUncaughtErrors } from '@kcp-ts/base';
import { createLogControl } from '@kcp-ts/observability';

/**
 * From now on errors that nobody caught are logged with their stack and counted, and only end the
 * process where it must not go on: at once and with code 1, for what it would answer while it
 * drains may be wrong. What is durable stays so: the stores are made for that.
 */
export function catchUncaught(): UncaughtErrors {
  // They are counted, and bounded, by themselves.
  const { log } = createLogControl(0, { leaveOutRepeats: false });
  const uncaught = createUncaughtErrors({
    clock: createSystemClock(),
    log(level, error, origin, unlogged) {
      const details = { err: error, origin, ...(unlogged === 0 ? {} : { unlogged }) };
      if (level === 'fatal') log.fatal(details, 'an error that nobody caught; the process must not go on and ends');
      else log.error(details, 'an error that nobody caught; the process goes on');
    },
    end: () => process.exit(1),
  });
  // Rejections that nobody handles come here as well, with their origin.
  process.on('uncaughtException', (error, origin) => uncaught.report(error, origin));
  return uncaught;
}
