import type { DestinationStream, Logger } from 'pino';
import { destination, pino, stdTimeFunctions } from 'pino';

/** Names of fields whose values are never logged, wherever they stand up to two levels deep. */
const secretNames = ['authorization', 'token', 'password', 'privateKey', 'secret', 'cookie', '["client-key-data"]'];
const levels = ['warn', 'info', 'info', 'info', 'debug'] as const;

/**
 * -v as Kubernetes has it: 0 says what is wrong, 1 to 3 what happens, 4 and 5 help to debug, above
 * that everything.
 */
export function levelOf(verbosity: number): string {
  return levels[verbosity] ?? (verbosity <= 5 ? 'debug' : 'trace');
}

function redactedPaths(): string[] {
  return ['', '*.', '*.*.'].flatMap((prefix) =>
    secretNames.map((name) => (name.startsWith('[') ? `${prefix.slice(0, -1)}${name}` : `${prefix}${name}`)),
  );
}

/** JSON lines on standard error, or on the given stream; errors with their causes. */
export function createLogger(verbosity: number, to: DestinationStream = destination({ fd: 2, sync: true })): Logger {
  return pino(
    {
      level: levelOf(verbosity),
      base: null,
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: redactedPaths(), censor: '[secret]' },
    },
    to,
  );
}
