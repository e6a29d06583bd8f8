import { expect, it } from 'vitest';
import { compare } from './compare.ts';
import { createExplainer } from './explain.ts';
import { levelBody } from './level.ts';
import { outlineOpenApi } from './outline-openapi.ts';

const none = new Map<string, string>();

it('elements of lists are compared by their name, and their order apart', () => {
  const recorded = [{ name: 'a', x: 1 }, { name: 'b' }];
  const ours = [{ name: 'b' }, { name: 'a', x: 2 }];
  expect(compare('body', recorded, ours)).toEqual([
    { path: 'body[a].x', recorded: 1, ours: 2 },
    { path: 'body.order', recorded: ['a', 'b'], ours: ['b', 'a'] },
  ]);
});

it('what one side lacks is a difference', () => {
  expect(compare('body', { a: 1 }, { b: 2 }).map(({ path }) => path)).toEqual(['body.a', 'body.b']);
});

it('what varies from run to run is levelled', () => {
  const metadata = (uid: string, time: string) => ({
    uid,
    resourceVersion: uid.slice(0, 3),
    creationTimestamp: time,
    managedFields: [uid],
  });
  const one = levelBody({ metadata: metadata('12345678-0000-4000-8000-123456789012', '2026-11-21T03:01:10Z') }, none);
  const other = levelBody(
    { metadata: metadata('87654321-0000-4000-8000-210987654321', '2027-01-02T13:01:10.123Z') },
    none,
  );
  expect(one).toEqual(other);
});

it('names of clusters are levelled wherever they stand', () => {
  const names = new Map([['1abc', '<cluster 0>']]);
  expect(levelBody({ '1abc|x': 'https://localhost:6443/clusters/1abc' }, names)).toEqual({
    '<cluster 0>|x': '<host>/clusters/<cluster 0>',
  });
});

it('keys of JSON inside a string have no order', () => {
  expect(levelBody('{"a":1,"b":2}', none)).toBe(levelBody('{"b":2,"a":1}', none));
});

it('a reason covers the path and what is below it, and no path that only begins alike', () => {
  const explainer = createExplainer([{ recording: 'kinds/*', what: 'body.spec', reason: 'x' }]);
  const found = ['body.spec', 'body.spec.a', 'body.spec[0]', 'body.special'].map((path) => ({
    path,
    recorded: 1,
    ours: 2,
  }));
  expect(explainer.unexplained('kinds/a', found).map(({ path }) => path)).toEqual(['body.special']);
  expect(explainer.unexplained('crd/a', found)).toHaveLength(4);
});

it('a reason without a difference is reported', () => {
  const reason = { recording: 'a', what: 'status', reason: 'x' };
  const explainer = createExplainer([reason]);
  expect(explainer.explains('a', [{ path: 'status', recorded: 1, ours: 2 }])).toBe(true);
  expect(explainer.unused()).toEqual([reason]);
  explainer.unexplained('a', [{ path: 'status', recorded: 1, ours: 2 }]);
  expect(explainer.unused()).toEqual([]);
});

it("an OpenAPI document's outline has its paths, actions and fields, by whatever name a schema goes", () => {
  const kind = { group: 'g', version: 'v1', kind: 'K' };
  const document = (name: string) => ({
    paths: { '/k': { get: { operationId: name, 'x-kubernetes-action': 'list' }, parameters: [] } },
    components: { schemas: { [name]: { properties: { b: {}, a: {} }, 'x-kubernetes-group-version-kind': [kind] } } },
  });
  expect(outlineOpenApi(document('one'))).toEqual(outlineOpenApi(document('two')));
  expect(outlineOpenApi(document('one'))).toMatchObject({
    paths: { '/k': { get: { action: 'list' } } },
    kinds: { 'g/v1 K': { fields: ['a', 'b'] } },
  });
});
