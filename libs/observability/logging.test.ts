import { expect, it } from 'vitest';
import type { LoggerOptions } from './logging.ts';
import { createLogControl } from './logging.ts';
import { textLineOf } from './text-lines.ts';

function set(verbosity: number, options: LoggerOptions = {}) {
  const written: string[] = [];
  let nowMs = 0;
  const control = createLogControl(verbosity, {
    to: { write: (line) => void written.push(line) },
    monotonic: () => nowMs,
    ...options,
  });
  const lines = () => written.splice(0).map((line) => JSON.parse(line) as Record<string, unknown>);
  return {
    ...control,
    written,
    lines,
    pass: (ms: number) => {
      nowMs += ms;
    },
  };
}

it('changes its level while it is in use', () => {
  const { log, lines, setVerbosity, verbosity } = set(0);
  log.info('unheard');
  setVerbosity(3);
  log.info('heard');
  log.debug('unheard');
  setVerbosity(4);
  log.debug('heard');
  expect([lines().map(({ msg }) => msg), verbosity()]).toEqual([['heard', 'heard'], 4]);
});

it('a warning that repeats is logged some times, then once a while with how many there were', () => {
  const { log, lines, pass } = set(2);
  const warn = (backend: string) => log.warn({ backend, err: new Error('refused') }, 'a backend cannot be reached');
  for (let i = 0; i < 100; i++) warn('https://a');
  warn('https://b');
  expect(lines().map(({ backend }) => backend)).toEqual([...Array(5).fill('https://a'), 'https://b']);
  pass(30_000);
  for (let i = 0; i < 10; i++) warn('https://a');
  expect(lines()).toMatchObject([{ suppressed: 95 }]);
  // A day of it, ten times a second.
  for (let i = 0; i < 2_880; i++) {
    pass(30_000);
    for (let each = 0; each < 300; each++) warn('https://a');
  }
  expect(lines()).toHaveLength(2_880);
  // What has come to rest is new when it comes again.
  pass(30_000);
  warn('https://a');
  pass(60_000);
  for (let i = 0; i < 10; i++) warn('https://a');
  expect(lines()).toHaveLength(6);
});

it('another cause is another warning, another port is not', () => {
  const { log, lines } = set(2);
  const warn = (message: string) => log.warn({ err: new Error(message) }, 'it failed');
  for (let i = 0; i < 20; i++) warn(`connect ECONNREFUSED 127.0.0.1:${i}`);
  warn('certificate has expired');
  expect(lines()).toHaveLength(6);
});

it('what is no warning is never left out', () => {
  const { log, lines } = set(2);
  for (let i = 0; i < 20; i++) log.info({ code: 200 }, 'HTTP');
  expect(lines()).toHaveLength(20);
});

it('keeps secrets out of either format', () => {
  for (const format of ['json', 'text'] as const) {
    const { log, written } = set(2, { format });
    log.info({ user: { token: 'abc' }, password: 'def' }, 'signed in');
    expect(written).toHaveLength(1);
    expect(written[0]).not.toMatch(/abc|def/);
  }
});

it("writes lines as klog's where text is wanted", () => {
  const line = {
    level: 'warn',
    time: '2026-11-30T11:57:15.123Z',
    msg: 'it "broke"',
    shard: 'a',
    err: { message: 'gone' },
  };
  expect(textLineOf(JSON.stringify(line))).toBe('W1130 11:57:15.123 "it \\"broke\\"" shard="a" err="gone"\n');
});
