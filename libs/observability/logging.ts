import type { DestinationStream, Logger } from 'pino';
import { destination, pino, stdTimeFunctions } from 'pino';
import { createRepeats } from './repeats.ts';
import { textLines } from './text-lines.ts';

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

/** kube's values of --logging-format. */
export type LogFormat = 'json' | 'text';

export interface LoggerOptions {
  readonly format?: LogFormat | undefined;
  /** Standard error when absent. */
  readonly to?: DestinationStream | undefined;
  /** Whether warnings that repeat are left out; so when absent. */
  readonly leaveOutRepeats?: boolean | undefined;
  /** Milliseconds, for what repeats; the monotonic clock of the process when absent. */
  readonly monotonic?: (() => number) | undefined;
}

/** A logger whose verbosity may change while it is in use. */
export interface LogControl {
  readonly log: Logger;
  verbosity(): number;
  setVerbosity(verbosity: number): void;
}

function redactedPaths(): string[] {
  return ['', '*.', '*.*.'].flatMap((prefix) =>
    secretNames.map((name) => (name.startsWith('[') ? `${prefix.slice(0, -1)}${name}` : `${prefix}${name}`)),
  );
}

/** What makes two lines the same: the message, the names of what it is about, and the cause. */
function keyOf([details, message]: readonly unknown[]): string {
  if (typeof details !== 'object' || details === null) return String(details);
  const names = Object.values(details).map((value) => {
    if (typeof value === 'string') return value;
    // Ports and numbers of attempts make no other error of it.
    return value instanceof Error ? value.message.replaceAll(/\d+/g, '#') : '';
  });
  return [message, ...names].join(' ');
}

const warnLevel = 40;
const errorLevel = 50;

export function createLogControl(verbosity: number, options: LoggerOptions = {}): LogControl {
  const { format = 'json', to = destination({ fd: 2, sync: true }), leaveOutRepeats = true } = options;
  const { monotonic = () => performance.now() } = options;
  const repeats = createRepeats(monotonic);
  let current = verbosity;
  const log = pino(
    {
      level: levelOf(verbosity),
      base: null,
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: redactedPaths(), censor: '[secret]' },
      hooks: {
        logMethod(args, method, level) {
          if (!leaveOutRepeats || (level !== warnLevel && level !== errorLevel)) return method.apply(this, args);
          const { logged, suppressed } = repeats.admit(keyOf(args));
          if (!logged) return undefined;
          const [details, ...rest] = args as unknown as [unknown, ...unknown[]];
          const isObject = typeof details === 'object' && details !== null;
          if (suppressed === 0 || !isObject) return method.apply(this, args);
          return method.apply(this, [{ ...details, suppressed }, ...rest] as unknown as typeof args);
        },
      },
    },
    format === 'text' ? textLines(to) : to,
  );
  return {
    log,
    verbosity: () => current,
    setVerbosity(next) {
      current = next;
      log.level = levelOf(next);
    },
  };
}

/** JSON lines on standard error, or on the given stream; errors with their causes. */
export function createLogger(verbosity: number, to?: DestinationStream): Logger {
  return createLogControl(verbosity, { to }).log;
}
