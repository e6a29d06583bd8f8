import { describe, expect, it } from 'vitest';
import { checkHistory } from './check-history.ts';
import type { Answer, History, Operation, Watcher, WatchRecord } from './history.ts';

/** Operations at times `[start, end]`, on one object unless it says otherwise. */
const at = (
  kind: Operation['kind'],
  times: readonly [number, number],
  answer: Answer,
  more: Partial<Operation> = {},
): Operation => ({
  object: 'o',
  kind,
  startedAt: times[0],
  endedAt: times[1],
  answer,
  ...more,
});
const made = (version: bigint, write = `w${version}`): Answer => ({ kind: 'version', version, write });
const create = (version: bigint, times: readonly [number, number], object = 'o') =>
  at('create', times, made(version, `${object === 'o' ? '' : object}w${version}`), {
    write: `${object === 'o' ? '' : object}w${version}`,
    object,
  });
const update = (version: bigint, from: bigint, times: readonly [number, number]) =>
  at('update', times, made(version), { write: `w${version}`, from });
const remove = (from: bigint, times: readonly [number, number], kind: 'deleted' | 'unknown' | 'conflict' = 'deleted') =>
  at('delete', times, { kind }, { from });
const read = (version: bigint, times: readonly [number, number]) => at('read', times, made(version));
const absent = (times: readonly [number, number]) => at('read', times, { kind: 'absent' });

const watcher = (...records: WatchRecord[]): Watcher => ({ name: 'w', watches: () => true, records });
const list = (version: bigint, ...items: bigint[]): WatchRecord => ({
  kind: 'list',
  version,
  items: items.map((item) => ({ object: 'o', version: item, write: `w${item}` })),
});
const event = (
  type: 'ADDED' | 'MODIFIED' | 'DELETED',
  version: bigint,
  write = `w${version}`,
  object = 'o',
): WatchRecord => ({
  kind: 'event',
  type,
  object,
  version,
  write,
});

const check = (operations: readonly Operation[], ...watchers: Watcher[]) =>
  checkHistory({ operations, watchers } as History);

/** Created at 1, updated to 2 and 3, deleted, created again as 5. */
const life = [
  create(1n, [0, 10]),
  update(2n, 1n, [10, 20]),
  update(3n, 2n, [20, 30]),
  remove(3n, [30, 40]),
  create(5n, [40, 50]),
  read(5n, [90, 100]),
];

describe('an object', () => {
  it('may live, be read, die and live again', () => {
    expect(check([...life, read(2n, [15, 25]), absent([35, 45]), absent([-5, 5])])).toEqual([]);
  });

  it('may be changed by a write whose outcome is unknown', () => {
    const unknown = at('update', [10, 20], { kind: 'unknown' }, { write: 'w2', from: 1n });
    expect(check([create(1n, [0, 10]), unknown, read(1n, [25, 26]), read(2n, [50, 60])])).toEqual([]);
    expect(check([create(1n, [0, 10]), unknown, read(1n, [90, 95])])).toEqual([]);
    expect(check([create(1n, [0, 10]), unknown, read(2n, [50, 60]), read(1n, [61, 62])])).not.toEqual([]);
  });

  it('may be gone by a deletion whose outcome is unknown', () => {
    const history = [create(1n, [0, 10]), remove(1n, [10, 20], 'unknown')];
    expect(check([...history, absent([50, 60])])).toEqual([]);
    expect(check([...history, read(1n, [50, 60])])).toEqual([]);
    expect(check([...history, create(5n, [50, 60]), read(5n, [61, 70])])).toEqual([]);
    expect(check([...history, absent([50, 60]), read(1n, [61, 62])])).not.toEqual([]);
  });

  it('is not lost once it was acknowledged', () => {
    expect(check([create(1n, [0, 10]), absent([90, 100])])).toEqual([
      expect.stringContaining('read was answered with "absent"'),
    ]);
  });

  it('does not go back to an older version', () => {
    expect(check([...life, read(1n, [15, 25])])).toEqual([]);
    expect(check([...life, read(1n, [21, 35])])).not.toEqual([]);
  });

  it('is not read before it was written', () => {
    expect(check([...life, read(3n, [11, 19])])).not.toEqual([]);
  });

  it('does not lose an update to another from the same version', () => {
    expect(check([create(1n, [0, 10]), update(2n, 1n, [10, 20]), update(3n, 1n, [10, 20])])).toEqual([
      expect.stringContaining('was made from 1, but 2 was there'),
    ]);
  });

  it('is not created twice without a deletion', () => {
    expect(check([create(1n, [0, 10]), create(2n, [10, 20])])).toEqual([expect.stringContaining('nobody deleted it')]);
  });

  it('is not deleted twice', () => {
    expect(check([create(1n, [0, 10]), remove(1n, [10, 20]), remove(1n, [20, 30])])).toEqual([
      expect.stringContaining('was acknowledged 2 times'),
    ]);
  });

  it('is not updated after it was deleted', () => {
    expect(check([create(1n, [0, 10]), remove(1n, [10, 20]), update(2n, 1n, [15, 30])])).not.toEqual([]);
  });

  it('has no write twice', () => {
    expect(check([create(1n, [0, 10]), at('read', [10, 20], made(4n, 'w1'))])).not.toEqual([]);
  });

  it('has no write that was refused', () => {
    const refused = at('update', [10, 20], { kind: 'conflict' }, { write: 'w2', from: 1n });
    expect(check([create(1n, [0, 10]), refused, read(2n, [90, 100])])).toEqual([
      expect.stringContaining('was answered with "conflict"'),
    ]);
  });

  it('has no write of nobody', () => {
    expect(check([create(1n, [0, 10]), read(2n, [10, 20])])).not.toEqual([]);
  });

  it('is not two things at one version', () => {
    expect(check([create(1n, [0, 10]), at('read', [10, 20], made(1n, 'other'))])).not.toEqual([]);
  });

  it('does not refuse a change of the newest version as a conflict', () => {
    expect(check([create(1n, [0, 10]), remove(1n, [20, 30], 'conflict'), read(1n, [90, 100])])).toEqual([
      expect.stringContaining('delete was answered with "conflict"'),
    ]);
  });

  it('does not refuse to be created when there is none', () => {
    expect(check([create(1n, [50, 60]), at('create', [0, 10], { kind: 'exists' }, { write: 'w9' })])).toEqual([
      expect.stringContaining('create was answered with "exists"'),
    ]);
  });

  it('is written in the order of its versions', () => {
    expect(check([create(1n, [50, 60]), update(2n, 1n, [0, 10])])).not.toEqual([]);
  });
});

describe('a watcher', () => {
  const whole = [
    event('ADDED', 1n),
    event('MODIFIED', 2n),
    event('MODIFIED', 3n),
    event('DELETED', 4n, 'w3'),
    event('ADDED', 5n),
  ];

  it('is shown everything from the beginning, or from its list on', () => {
    expect(check(life, watcher(list(0n), ...whole), watcher(list(2n, 2n), ...whole.slice(2)))).toEqual([]);
  });

  it('lists again after an explicit end', () => {
    expect(check(life, watcher(list(0n), ...whole.slice(0, 2), { kind: 'expired' }, list(6n, 5n)))).toEqual([]);
  });

  it('misses nothing, a deletion neither', () => {
    for (const missed of [1, 2, 3]) {
      const records = whole.filter((_, place) => place !== missed);
      expect(check(life, watcher(list(0n), ...whole), watcher(list(0n), ...records))).toEqual([
        expect.stringContaining('was never shown'),
      ]);
    }
  });

  it('misses nothing at the end', () => {
    expect(check(life, watcher(list(0n), ...whole.slice(0, 4)))).toEqual([
      expect.stringContaining('in the end it has o'),
    ]);
    expect(check(life, watcher(list(0n), ...whole.slice(0, 4), { kind: 'bookmark', version: 9n }))).not.toEqual([]);
  });

  it('is shown nothing twice', () => {
    expect(check(life, watcher(list(0n), ...whole.slice(0, 2), ...whole.slice(1)))).not.toEqual([]);
    expect(check(life, watcher(list(2n, 2n), ...whole.slice(1)))).not.toEqual([]);
  });

  it('is shown nothing out of order', () => {
    const [first, second, ...rest] = whole as [WatchRecord, WatchRecord, ...WatchRecord[]];
    expect(check(life, watcher(list(0n), second, first, ...rest))).not.toEqual([]);
  });

  it('is shown nothing that was not', () => {
    expect(check(life, watcher(list(0n), ...whole, event('MODIFIED', 6n)))).not.toEqual([]);
    expect(check(life.slice(0, 3), watcher(list(0n), ...whole.slice(0, 3), event('DELETED', 4n, 'w3')))).toEqual([
      expect.stringContaining('nobody deleted it'),
    ]);
  });

  it('is shown a creation as one, and a change as one', () => {
    expect(check(life, watcher(list(0n), ...whole.slice(0, 4), event('MODIFIED', 5n)))).not.toEqual([]);
  });

  it('gets lists as things were at their version', () => {
    expect(check(life, watcher(list(2n, 1n), ...whole.slice(2)))).not.toEqual([]);
    expect(check(life, watcher(list(2n), ...whole.slice(2)))).not.toEqual([]);
    expect(check(life, watcher(list(4n, 3n), ...whole.slice(4)), watcher(list(0n), ...whole))).not.toEqual([]);
  });

  it('is not passed by a bookmark before the event', () => {
    const records = [...whole.slice(0, 2), { kind: 'bookmark', version: 3n } as const, ...whole.slice(2)];
    expect(check(life, watcher(list(0n), ...records))).not.toEqual([]);
  });
});

describe('a watcher of two shards', () => {
  // Versions of shard 1 end in 1, those of shard 2 in 2.
  const one = [4097n, 8193n, 12289n] as const;
  const two = [4098n, 8194n, 12290n] as const;
  const operations = [
    ...one.map((version) => create(version, [0, 10], `a${version}`)),
    ...two.map((version) => create(version, [0, 10], `b${version}`)),
  ];
  const shown = (object: string, version: bigint) =>
    event('ADDED', version, `${object}${version}w${version}`, `${object}${version}`);
  const all = [
    shown('a', one[0]),
    shown('b', two[0]),
    shown('a', one[1]),
    shown('b', two[1]),
    shown('a', one[2]),
    shown('b', two[2]),
  ];

  it('may lose the end of one shard before it has to list again', () => {
    const without = [0, 1, 2, 4].map((place) => all[place] as WatchRecord);
    expect(check(operations, watcher(list(0n), ...all), watcher(list(0n), ...without, { kind: 'expired' }))).toEqual(
      [],
    );
    expect(check(operations, watcher(list(0n), ...all), watcher(list(0n), ...without))).not.toEqual([]);
  });

  it('has no hole in what it is shown of one shard', () => {
    const holed = all.filter((_, place) => place !== 3);
    expect(check(operations, watcher(list(0n), ...all), watcher(list(0n), ...holed, { kind: 'expired' }))).toEqual([
      expect.stringContaining('was never shown'),
    ]);
  });
});
