import { expect, it } from 'vitest';
import { projectOf, texts } from '../project.fixture.ts';
import { checkCounts, countsOf, placesOfRule } from './counts.ts';

const none = { keyLiterals: 0, clusterStrings: 0, spreadLiterals: 0, wideComments: 0 };

function found(path: string, text: string): readonly string[] {
  const project = projectOf({ [path]: text });
  return ['key-literal', 'cluster-name', 'spread-literal'].flatMap((rule) =>
    placesOfRule(project, rule).map((place) => place.replace(path, rule)),
  );
}

it('the beginning of a key is counted as a string and as a template, outside storage', () => {
  const text = [
    "const a = 'core/namespaces/';",
    "const b = 'core.kcp.io/logicalclusters/-/';",
    'const c = `tenancy.kcp.io/workspaces/$' + '{identity}/`;',
    "const d = ['/apis/core/', 'kubernetes.io/serviceaccount/', 'kcp.io/cluster', 'libs/api/'];",
  ].join('\n');
  expect(found('libs/catalog/a.ts', text)).toEqual(['key-literal:1', 'key-literal:2', 'key-literal:3']);
  expect(found('libs/storage/key.ts', text)).toEqual([]);
  expect(found('libs/catalog/a.test.ts', text)).toEqual([]);
});

it('the name of a cluster as a plain string is counted as a parameter and as a property', () => {
  const text = [
    'function f(cluster: string, name: string): void {}',
    'interface A { readonly exportCluster: string; g(clusterName: string): void }',
    'type Right = (cluster: ClusterName, clusters: string[]) => void;',
  ].join('\n');
  expect(found('libs/catalog/a.ts', text)).toEqual(['cluster-name:1', 'cluster-name:2', 'cluster-name:2']);
});

it('an object literal that is spread into another one is counted, in tests too', () => {
  const text = 'f({ ...{ a, b }, c });\nf({ ...rest, ...(a ? { b } : {}), c });\nf([...["a", "b"], c]);';
  expect(found('libs/catalog/a.test.ts', text)).toEqual(['spread-literal:1']);
});

it('a comment that is wider than 100 columns is counted, unless it has an address', () => {
  const wide = 'word '.repeat(20);
  const text = `// ${wide}\n/** ${wide}*/\n/**\n * ${wide}\n */\n// https://example.com/${wide}\nconst a = "${wide}";\n// short`;
  const project = projectOf({ 'libs/catalog/a.ts': text });
  expect(placesOfRule(project, 'comment-width')).toEqual([
    'libs/catalog/a.ts:1',
    'libs/catalog/a.ts:2',
    'libs/catalog/a.ts:4',
  ]);
});

it('more than the limit are one finding, as many are allowed, and fewer are to lower it', () => {
  const project = projectOf({ 'libs/catalog/a.ts': 'f({ ...{ a, b }, c });' });
  expect(texts(checkCounts(project, none))).toEqual([
    'tools/check/rules/counts.ts:1: object literals spread into another one: 1, and 0 are allowed: write their fields in the object itself. node tools/check/main.ts --places spread-literal shows all (spread-literal)',
  ]);
  expect(checkCounts(project, { ...none, spreadLiterals: 1 })).toEqual([]);
  expect(countsOf(project, { ...none, spreadLiterals: 2 }).at(-1)?.value).toBe(
    '1: lower the limit of 2 in tools/check/rules/counts.ts',
  );
  expect(countsOf(project, { ...none, spreadLiterals: 1 }).at(-1)?.value).toBe('1');
});
