/** Options of requests are decoded as what they are: what is not decoded changes nothing. */
import type { KubeObject } from '@kcp-ts/api';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ApiClient } from '../harness/api-client.ts';
import { configMap, configMapsOf, done, field, makeWorkspace, names } from '../harness/objects.ts';
import type { TestServer } from '../harness/server.ts';
import { startServer } from '../harness/server.ts';

let server: TestServer;
let admin: ApiClient;
let count = 0;
const url = configMapsOf('root:options');

beforeAll(async () => {
  server = await startServer();
  admin = server.admin;
  await makeWorkspace(admin, 'root', 'options', { type: { path: 'root', name: 'universal' } });
});

afterAll(() => server[Symbol.asyncDispose]());

async function made(): Promise<{ readonly at: string; readonly object: KubeObject }> {
  const name = `m-${++count}`;
  return { at: `${url}/${name}`, object: await done(admin.post(url, configMap(name))) };
}

const json = 'application/json';
const options = { kind: 'DeleteOptions', apiVersion: 'v1' };
const matching = (message: string | RegExp) => (typeof message === 'string' ? message : expect.stringMatching(message));
const text = (value: unknown) => JSON.stringify(value);
const struct = (name: string) => `json: cannot unmarshal string into Go struct field ${name} of type`;

interface Refused {
  readonly what: string;
  readonly body: string;
  readonly type?: string;
  readonly code: number;
  readonly message: string | RegExp;
}

const envelope = /^couldn't get version\/kind; json parse error: /;

const refusedBodies: readonly Refused[] = [
  {
    what: 'a grace period that is text',
    body: text({ ...options, gracePeriodSeconds: 'x' }),
    code: 400,
    message: `${struct('DeleteOptions.gracePeriodSeconds')} int64`,
  },
  {
    what: 'dryRun as text',
    body: text({ ...options, dryRun: 'All' }),
    code: 400,
    message: `${struct('DeleteOptions.dryRun')} []string`,
  },
  {
    what: 'orphanDependents as text',
    body: text({ ...options, orphanDependents: 'true' }),
    code: 400,
    message: `${struct('DeleteOptions.orphanDependents')} bool`,
  },
  {
    what: 'preconditions as text',
    body: text({ ...options, preconditions: 'x' }),
    code: 400,
    message: `${struct('DeleteOptions.preconditions')} v1.Preconditions`,
  },
  {
    what: 'a uid that is a number',
    body: text({ preconditions: { uid: 5 } }),
    code: 400,
    message: 'json: cannot unmarshal number into Go struct field Preconditions.preconditions.uid of type types.UID',
  },
  { what: 'a list', body: '[]', code: 400, message: envelope },
  { what: 'a string', body: '"x"', code: 400, message: envelope },
  { what: 'a number', body: '5', code: 400, message: envelope },
  { what: 'a kind that is a number', body: '{"kind":5}', code: 400, message: envelope },
  { what: 'broken JSON', body: '{"kind":', code: 400, message: envelope },
  {
    what: 'another kind',
    body: text({ kind: 'Pod', apiVersion: 'v1' }),
    code: 400,
    message: 'no kind "Pod" is registered for version "v1"',
  },
  {
    what: 'plain text',
    body: text(options),
    type: 'text/plain',
    code: 415,
    message:
      'the body of the request was in an unknown format - accepted media types include: application/json, application/yaml, application/vnd.kubernetes.protobuf',
  },
  {
    what: 'another dryRun',
    body: text({ ...options, dryRun: ['Some'] }),
    code: 422,
    message: 'DeleteOptions.meta.k8s.io "" is invalid: dryRun: Unsupported value: ["Some"]: supported values: "All"',
  },
  {
    what: 'a policy beside orphanDependents',
    body: text({ ...options, orphanDependents: true, propagationPolicy: 'Orphan' }),
    code: 422,
    message: /propagationPolicy: Invalid value: "Orphan": orphanDependents and deletionPropagation cannot be both set/,
  },
  {
    what: 'another policy',
    body: text({ ...options, propagationPolicy: 'Sometimes' }),
    code: 422,
    message:
      /propagationPolicy: Unsupported value: "Sometimes": supported values: "Foreground", "Background", "Orphan", "nil"/,
  },
  {
    what: 'another uid',
    body: text({ ...options, preconditions: { uid: 'other' } }),
    code: 409,
    message:
      /^Operation cannot be fulfilled on ConfigMap "m-\d+": the UID in the precondition \(other\) does not match/,
  },
];

const refusedQueries: readonly (readonly [string, number, string | RegExp])[] = [
  ['gracePeriodSeconds=x', 400, 'strconv.ParseInt: parsing "x": invalid syntax'],
  [
    'gracePeriodSeconds=99999999999999999999',
    400,
    'strconv.ParseInt: parsing "99999999999999999999": value out of range',
  ],
  ['uid=other', 409, /the UID in the precondition \(other\) does not match the UID in record/],
  [
    'resourceVersion=5',
    409,
    /the ResourceVersion in the precondition \(5\) does not match the ResourceVersion in record/,
  ],
  ['propagationPolicy=Sometimes', 422, /propagationPolicy: Unsupported value/],
  ['dryRun=Some', 422, /dryRun: Unsupported value/],
  ['timeout=bogus', 400, 'invalid timeout specified in the request URL - time: invalid duration "bogus"'],
  ['timeout=5', 400, 'invalid timeout specified in the request URL - time: missing unit in duration "5"'],
  ['timeout=5x', 400, 'invalid timeout specified in the request URL - time: unknown unit "x" in duration "5x"'],
];

describe('a delete', () => {
  it.each(refusedBodies)('with $what in its body deletes nothing', async ({ body, type = json, code, message }) => {
    const { at } = await made();
    const answer = await admin.request('DELETE', at, body, { 'content-type': type });
    expect([answer.status, field(answer.body, 'message')]).toEqual([code, matching(message)]);
    expect((await admin.get(at)).status).toBe(200);
  });

  it.each(refusedQueries)('with %s deletes nothing', async (query, code, message) => {
    const { at } = await made();
    const answer = await admin.delete(`${at}?${query}`);
    expect([answer.status, field(answer.body, 'message')]).toEqual([code, matching(message)]);
    expect((await admin.get(at)).status).toBe(200);
  });

  it.each([
    ['YAML', 'kind: DeleteOptions\napiVersion: v1\n', 'application/yaml'],
    ['a body without a kind', '{}', json],
    ['a body of null', 'null', json],
    ['nulls in its body', text({ ...options, preconditions: { uid: null }, gracePeriodSeconds: null }), json],
    ['the options of another group', text({ kind: 'DeleteOptions', apiVersion: 'example.com/v1' }), json],
  ])('with %s deletes', async (_what, body, type) => {
    const { at } = await made();
    expect((await admin.request('DELETE', at, body, { 'content-type': type })).status).toBe(200);
    expect((await admin.get(at)).status).toBe(404);
  });

  it('takes its options from the body alone where there is one', async () => {
    const { at } = await made();
    expect((await admin.request('DELETE', `${at}?uid=other`, '{}', { 'content-type': json })).status).toBe(200);
  });

  it('with what holds deletes', async () => {
    const { at, object } = await made();
    const { uid, resourceVersion } = object.metadata;
    expect((await admin.delete(`${at}?uid=${uid}&resourceVersion=${resourceVersion}&timeout=1m30s`)).status).toBe(200);
  });

  it('has one finalizer for its dependents, that of the last who asked', async () => {
    const { at } = await made();
    const held = await done(admin.patch(at, { metadata: { finalizers: ['example.com/held'] } }));
    expect(held.metadata.finalizers).toEqual(['example.com/held']);
    const finalizersOf = async (policy: string) =>
      (await admin.delete(`${at}?propagationPolicy=${policy}`)).body.metadata.finalizers;
    expect(await finalizersOf('Orphan')).toContain('orphan');
    expect(await finalizersOf('Foreground')).not.toContain('orphan');
    expect(await finalizersOf('Background')).toEqual(['example.com/held']);
  });

  it('looks at its options before it looks for its object', async () => {
    expect((await admin.delete(`${url}/nothing?gracePeriodSeconds=x`)).status).toBe(400);
  });
});

describe('the delete of a collection', () => {
  const label = { labels: { set: 'some' } };
  const set = `${url}?labelSelector=set%3Dsome`;
  const left = async () => names((await admin.get(set)).body).length;

  beforeAll(async () => {
    for (const name of ['c-1', 'c-2', 'c-3'])
      await done(admin.post(url, { ...configMap(name), metadata: { name, ...label } }));
  });

  it.each(refusedBodies.filter(({ code }) => code !== 409))(
    'with $what in its body deletes nothing',
    async (refused) => {
      const answer = await admin.request('DELETE', set, refused.body, { 'content-type': refused.type ?? json });
      expect(answer.status).toBe(refused.code);
      expect(await left()).toBe(3);
    },
  );

  it.each(['limit=x', 'gracePeriodSeconds=x', 'fieldSelector=!!', 'continue=x', 'resourceVersion=x', 'uid=other'])(
    'with %s deletes nothing',
    async (query) => {
      expect((await admin.delete(`${set}&${query}`)).status).toBeGreaterThanOrEqual(400);
      expect(await left()).toBe(3);
    },
  );

  it('with a limit deletes so many, and says where to go on', async () => {
    const first = await admin.delete(`${set}&limit=1`);
    expect(names(first.body)).toEqual(['c-1']);
    expect(await left()).toBe(2);
    const next = String(field(first.body, 'metadata.continue'));
    expect(names((await admin.delete(`${set}&limit=1&continue=${next}`)).body)).toEqual(['c-2']);
    expect(names((await admin.delete(set)).body)).toEqual(['c-3']);
    expect(await left()).toBe(0);
  });
});

describe('options of other verbs', () => {
  const long = 'x'.repeat(129);
  it.each([
    ['POST', `fieldManager=${long}`, 'CreateOptions', 'fieldManager: Too long: may not be more than 128 bytes'],
    ['PUT', `fieldManager=${long}`, 'UpdateOptions', 'fieldManager: Too long: may not be more than 128 bytes'],
    ['PATCH', `fieldManager=${long}`, 'PatchOptions', 'fieldManager: Too long: may not be more than 128 bytes'],
    ['PATCH', 'fieldManager=a%07b', 'PatchOptions', 'should only contain printable characters'],
    ['PATCH', 'force=true', 'PatchOptions', 'force: Forbidden: may not be specified for non-apply patch'],
    ['POST', 'fieldValidation=Never', 'CreateOptions', 'fieldValidation: Unsupported value: "Never"'],
    ['PATCH', `force=true&dryRun=x`, 'PatchOptions', '[force: Forbidden'],
  ])('a %s with %s is invalid', async (method, query, kind, message) => {
    const { at, object } = await made();
    const to = method === 'POST' ? url : at;
    const body = method === 'PATCH' ? '{}' : text(method === 'POST' ? configMap('new') : object);
    const type = method === 'PATCH' ? 'application/merge-patch+json' : json;
    const answer = await admin.request(method, `${to}?${query}`, body, { 'content-type': type });
    expect(answer.status).toBe(422);
    expect(field(answer.body, 'message')).toContain(`${kind}.meta.k8s.io "" is invalid: `);
    expect(field(answer.body, 'message')).toContain(message);
  });

  it('a GET of one name is a GET, whatever `watch` says', async () => {
    const { at, object } = await made();
    expect((await admin.get(`${at}?watch=1`)).body).toEqual(object);
  });

  it('a GET names a state that is no older, or nothing that is a state', async () => {
    const { at, object } = await made();
    expect((await admin.get(`${at}?resourceVersion=${object.metadata.resourceVersion}`)).status).toBe(200);
    expect((await admin.get(`${at}?resourceVersion=x`)).status).toBe(400);
  });
});
