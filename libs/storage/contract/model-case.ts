/**
 * Any sequence of commits, against a map: what is there now, what was there at every revision, and
 * what history tells.
 */
import type { Revision } from '@kcp-ts/api';
import { revisionZero } from '@kcp-ts/api';
import fc from 'fast-check';
import { expect } from 'vitest';
import { clusterOrderOf, compareKeys } from '../key-range.ts';
import type { Entry, Expectation, Operation, Range, Store } from '../store.ts';
import type { StoreCase } from './store-case.ts';
import { historyOf, keyOf, textOf } from './store-case.ts';

interface Row {
  readonly text: string;
  readonly revision: Revision;
  readonly createRevision: Revision;
}

type State = ReadonlyMap<string, Row>;

interface Step {
  readonly op: 'put' | 'delete' | 'check';
  readonly key: string;
  readonly expect: 'right' | 'wrong' | 'any';
  readonly text: string;
}

const names = ['a', 'b', 'ä', 'b-1', '\u{1f600}', '\uffee'];
const keys = names.flatMap((name) =>
  ['root', 'root-2'].flatMap((cluster) => ['', 'default'].map((namespace) => keyOf(name, cluster, namespace))),
);
const ranges: readonly Range[] = [
  { prefix: '' },
  { prefix: 'core/configmaps/-/' },
  { prefix: 'core/configmaps/-/root/' },
  { prefix: 'core/configmaps/-/root/default/' },
  { cluster: 'root' },
  { cluster: 'root', namespace: 'default' },
];

const step: fc.Arbitrary<Step> = fc.record({
  op: fc.constantFrom('put', 'put', 'delete', 'check'),
  key: fc.constantFrom(...keys),
  expect: fc.constantFrom('right', 'right', 'right', 'any', 'wrong'),
  text: fc.string({ maxLength: 5 }),
});
const commits = fc.array(fc.uniqueArray(step, { selector: ({ key }) => key, minLength: 1, maxLength: 3 }), {
  maxLength: 25,
});

export const modelCase: StoreCase = {
  name: 'any sequence of commits gives what a map would give, at every revision',
  async run({ open }) {
    await using store = await open();
    await fc.assert(
      fc.asyncProperty(commits, async (sequence) => {
        const start = store.currentRevision();
        const states = new Map<Revision, State>([[start, await stateOf(store)]]);
        for (const steps of sequence) {
          const before = await stateOf(store);
          const result = await store.commit(steps.map((each) => operationOf(each, before.get(each.key))));
          const wrong = steps.some((each) => each.expect === 'wrong');
          expect(result.status).toBe(wrong ? 'conflict' : 'committed');
          const after = await stateOf(store);
          expect(textsOf(after)).toEqual(textsOf(wrong ? before : applySteps(before, steps)));
          states.set(store.currentRevision(), after);
        }
        for (const [revision, state] of states)
          for (const range of ranges) await compareAt(store, range, revision, state);
        await compareHistory(store, start, states);
      }),
      { numRuns: 15 },
    );
  },
};

function operationOf(each: Step, definition: Row | undefined): Operation {
  const { op, key, text } = each;
  const wrong = (definition === undefined ? 1 : 'absent') as Expectation;
  const right = definition?.revision ?? 'absent';
  if (op === 'check') {
    const createRevision =
      each.expect === 'wrong'
        ? definition === undefined
          ? (1 as Revision)
          : 'absent'
        : (definition?.createRevision ?? 'absent');
    return { op, key, createRevision };
  }
  const expectation = each.expect === 'wrong' ? wrong : each.expect === 'any' ? 'any' : right;
  if (op === 'put') return { op, key, expect: expectation, value: () => Buffer.from(text) };
  if (each.expect === 'wrong') return { op, key, expect: 1 as Revision };
  return { op, key, expect: expectation === 'absent' ? 'any' : expectation };
}

function applySteps(before: State, steps: readonly Step[]): State {
  const after = new Map(before);
  for (const { op, key, text } of steps) {
    if (op === 'put') after.set(key, { text, revision: revisionZero, createRevision: revisionZero });
    if (op === 'delete') after.delete(key);
  }
  return after;
}

async function stateOf(store: Store): Promise<State> {
  const { entries } = await store.list({ prefix: '' });
  return new Map(entries.map((entry) => [entry.key, rowOf(entry)]));
}

function rowOf(entry: Entry): Row {
  return { text: textOf(entry) ?? '', revision: entry.revision, createRevision: entry.createRevision };
}

function textsOf(state: State): Readonly<Record<string, string>> {
  return Object.fromEntries([...state].map(([key, { text }]) => [key, text]));
}

function includes(range: Range, key: string): boolean {
  if ('prefix' in range) return key.startsWith(range.prefix);
  const [, , , cluster, namespace] = key.split('/');
  return cluster === range.cluster && (range.namespace === undefined || namespace === range.namespace);
}

async function compareAt(store: Store, range: Range, at: Revision, state: State): Promise<void> {
  const order = 'prefix' in range ? (key: string) => key : clusterOrderOf;
  const expected = [...state]
    .filter(([key]) => includes(range, key))
    .sort(([a], [b]) => compareKeys(order(a), order(b)));
  const found: [string, Row][] = [];
  let after: string | undefined;
  for (let more = true; more; ) {
    const page = await store.list(range, { at, after, limit: 4 });
    found.push(...page.entries.map((entry): [string, Row] => [entry.key, rowOf(entry)]));
    after = page.entries.at(-1)?.key;
    more = page.more;
  }
  expect(found).toEqual(expected);
  expect(await store.count(range, { at })).toBe(expected.length);
}

async function compareHistory(store: Store, start: Revision, states: ReadonlyMap<Revision, State>): Promise<void> {
  const revisions = [...states.keys()];
  for (const range of ranges) {
    const replayed = new Map([...(states.get(start) ?? [])].filter(([key]) => includes(range, key)));
    for (const event of await historyOf(store, range, start)) {
      const { key, revision, createRevision, previous } = event;
      expect(previous?.revision).toBe(replayed.get(key)?.revision);
      if (event.type === 'put') replayed.set(key, { text: textOf(event) ?? '', revision, createRevision });
      else replayed.delete(key);
    }
    const last = states.get(revisions.at(-1) ?? start) ?? new Map();
    expect(new Map([...replayed].sort())).toEqual(new Map([...last].filter(([key]) => includes(range, key)).sort()));
  }
}
