import { threadCpuMs } from '@kcp-ts/testing';
import { expect, it } from 'vitest';
import { compileJsonPath, JsonPathError, parseJsonPath } from './json-path.ts';

const object = {
  spec: { replicas: 3, 'a.b': 'dotted', list: [1, 2, 3], empty: '' },
  status: {
    conditions: [
      { type: 'Ready', status: 'True', count: 1 },
      { type: 'Live', status: 'False', count: 5 },
    ],
  },
  metadata: { labels: { 'app.io/name': 'x' } },
};

it('reads what the path says', () => {
  const cases: Record<string, unknown[]> = {
    '.spec.replicas': [3],
    'spec.replicas': [3],
    '{.spec.replicas}': [3],
    '.spec.empty': [''],
    '.spec.missing.deeper': [],
    ".spec['a.b']": ['dotted'],
    '.spec.a\\.b': ['dotted'],
    '.metadata.labels.app\\.io/name': ['x'],
    '.spec.list[0]': [1],
    '.spec.list[-1]': [3],
    '.spec.list[7]': [],
    '.spec.list[0:2]': [1, 2],
    '.spec.list[*]': [1, 2, 3],
    '.status.conditions[*].type': ['Ready', 'Live'],
    '.status.conditions[?(@.type=="Ready")].status': ['True'],
    ".status.conditions[?(@.type == 'Live')].status": ['False'],
    '.status.conditions[?(@.count>2)].type': ['Live'],
    '.status.conditions[?(@.status!="True")].type': ['Live'],
    '.status.conditions[?(@.reason)].type': [],
    '..count': [1, 5],
    '.spec.toString': [],
  };
  expect(Object.fromEntries(Object.keys(cases).map((path) => [path, compileJsonPath(path)(object)]))).toEqual(cases);
});

it('refuses what is no path', () => {
  expect(parseJsonPath('.spec.list[')).toBe('unterminated array');
  expect(parseJsonPath('.spec.list[abc]')).toBe('invalid array index abc');
  expect(parseJsonPath('.a b')).toBe('unrecognized character in action: " "');
  expect(parseJsonPath('.a[?(@.x==)]')).toContain('unrecognized character');
  expect(parseJsonPath('.a.b')).toBeUndefined();
});

it('ends where descending again and again looks at too many values', () => {
  let value: object = {};
  for (let depth = 0; depth < 400; depth++) value = { a: value };
  const read = compileJsonPath('.spec..a..a..a');
  const begin = threadCpuMs();
  expect(() => read({ spec: value })).toThrow('the path looks at too many values');
  expect(threadCpuMs() - begin).toBeLessThan(1_000);
  const steps = { left: 10_000 };
  expect(() => read({ spec: value }, steps)).toThrow(JsonPathError);
  expect(steps.left).toBeLessThan(0);
  expect(compileJsonPath('.spec..b')({ spec: value })).toEqual([]);
});

it('refuses paths that are too long or whose filters are nested too deep', () => {
  expect(parseJsonPath(`.${'a'.repeat(20_000)}`)).toContain('more than 10000 characters');
  expect(parseJsonPath(`${'[?(@'.repeat(200)}.a${')]'.repeat(200)}`)).toBe('filters are nested too deep');
});
