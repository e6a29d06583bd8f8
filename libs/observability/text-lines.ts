/** Lines as klog writes them, for people: `I1130 11:57:15.123456 "nats" up=true`. */
import type { DestinationStream } from 'pino';

const letters: Readonly<Record<string, string>> = {
  trace: 'I',
  debug: 'I',
  info: 'I',
  warn: 'W',
  error: 'E',
  fatal: 'F',
};

function textOf(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value);
  if (typeof value !== 'object' || value === null) return String(value);
  const { message } = value as { message?: unknown };
  return JSON.stringify(typeof message === 'string' ? message : value);
}

export function textLineOf(json: string): string {
  const { level, time, msg, ...fields } = JSON.parse(json) as Readonly<Record<string, unknown>>;
  const [, month = '', day = '', clock = ''] = /^\d+-(\d+)-(\d+)T([\d:.]+)/.exec(String(time)) ?? [];
  const said = Object.entries(fields).map(([name, value]) => ` ${name}=${textOf(value)}`);
  return `${letters[String(level)] ?? 'I'}${month}${day} ${clock} ${JSON.stringify(msg ?? '')}${said.join('')}\n`;
}

export function textLines(to: DestinationStream): DestinationStream {
  return { write: (line) => to.write(textLineOf(line)) };
}
