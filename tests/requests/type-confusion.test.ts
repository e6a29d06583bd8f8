/**
 * Whatever stands where something else belongs, a request is refused for it or taken: it is never a
 * fault of the server. Each kind's sample is sent with each of its fields replaced by values of
 * other types, by every verb that writes.
 */

import type { KubeObject, ResourceDefinition } from '@kcp-ts/api';
import { groupVersionText } from '@kcp-ts/api';
import { boundDefinitions, builtinDefinitions, systemDefinitions } from '@kcp-ts/kinds';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ApiClient } from '../harness/api-client.ts';
import { base, makeWorkspace } from '../harness/objects.ts';
import type { TestServer } from '../harness/server.ts';
import { startServer } from '../harness/server.ts';
import { sampleOf } from './samples.ts';

let server: TestServer;
let admin: ApiClient;
const path = 'root:confused';

beforeAll(async () => {
  server = await startServer();
  admin = server.admin;
  await makeWorkspace(admin, 'root', 'confused', { type: { path: 'root', name: 'universal' } });
});

afterAll(() => server[Symbol.asyncDispose]());

const wrong: readonly unknown[] = [
  null,
  true,
  5,
  -1.5,
  'x',
  '',
  [],
  {},
  [null],
  ['x'],
  [{}],
  [[]],
  { a: null },
  { a: {} },
];
/** Requests under way at once. */
const atOnce = 32;
/** Far more than all requests of one kind take. */
const patienceMs = 60_000;

/** Every place in a value, as the keys that lead there; not the value itself. */
function placesIn(value: unknown): (readonly string[])[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, member]) => [[key], ...placesIn(member).map((place) => [key, ...place])]);
}

function replaced(sample: KubeObject, place: readonly string[], value: unknown): KubeObject {
  const object = structuredClone(sample);
  let at = object as Record<string, unknown>;
  for (const key of place.slice(0, -1)) at = at[key] as Record<string, unknown>;
  at[place.at(-1) ?? ''] = value;
  return object;
}

function collectionOf(definition: ResourceDefinition): string {
  const group =
    definition.group === '' ? `api/${definition.version}` : `apis/${definition.group}/${definition.version}`;
  return `${base(path)}/${group}/${definition.namespaced ? 'namespaces/default/' : ''}${definition.plural}`;
}

interface Attempt {
  readonly method: string;
  readonly url: string;
  readonly body: unknown;
  readonly type: string;
}

const json = 'application/json';
const jsonPatch = 'application/json-patch+json';
const mergePatch = 'application/merge-patch+json';
const strategicPatch = 'application/strategic-merge-patch+json';

function asSeen(object: KubeObject, live: string | undefined): KubeObject {
  const metadata: unknown = object.metadata;
  if (live === undefined || typeof metadata !== 'object' || metadata === null || Array.isArray(metadata)) return object;
  return { ...object, metadata: { resourceVersion: live, ...(metadata as KubeObject['metadata']) } };
}

/** `live`: the resourceVersion of the object that is there, which a PUT of most kinds must name. */
function attemptsOf(definition: ResourceDefinition, sample: KubeObject, live: string | undefined): Attempt[] {
  const collection = collectionOf(definition);
  const name = sample.metadata?.name ?? '';
  const urls = [
    `${collection}/${name}`,
    ...definition.subresources
      .filter(({ verbs }) => verbs.includes('update'))
      .map((sub) => `${collection}/${name}/${sub.name}`),
  ];
  const attempts: Attempt[] = [];
  for (const place of placesIn(sample)) {
    for (const value of wrong) {
      const object = replaced(sample, place, value);
      const [field = ''] = place;
      const fresh =
        place.join('.') === 'metadata.name' || definition.virtual
          ? object
          : replaced(object, ['metadata'], { ...object.metadata, name: `${name}x` });
      attempts.push({ method: 'POST', url: collection, body: place[0] === 'metadata' ? object : fresh, type: json });
      if (definition.virtual) continue;
      for (const url of urls) {
        attempts.push({ method: 'PUT', url, body: asSeen(object, live), type: json });
        attempts.push({ method: 'PATCH', url, body: { [field]: object[field] }, type: mergePatch });
        attempts.push({
          method: 'PATCH',
          url,
          body: [{ op: 'add', path: `/${place.join('/')}`, value }],
          type: jsonPatch,
        });
        if (definition.dialect === 'builtin')
          attempts.push({ method: 'PATCH', url, body: { [field]: object[field] }, type: strategicPatch });
      }
    }
  }
  return attempts;
}

/** Those that were answered with a fault, each once for its message. */
async function faultsOf(attempts: readonly Attempt[]): Promise<readonly string[]> {
  const faults = new Set<string>();
  let next = 0;
  const work = async () => {
    for (let attempt = attempts[next++]; attempt !== undefined; attempt = attempts[next++]) {
      const { method, url, body, type } = attempt;
      const answer = await admin.request(method, `${url}?dryRun=All`, JSON.stringify(body), { 'content-type': type });
      if (answer.status >= 500) faults.add(`${method} ${url} ${type} ${JSON.stringify(body)}: ${answer.text}`);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  return [...faults];
}

const definitions = [...builtinDefinitions, ...systemDefinitions, ...boundDefinitions].filter(
  ({ verbs, plural }) => verbs.includes('create') && plural !== 'shards',
);

function rowSample(definition: ResourceDefinition): KubeObject | undefined {
  const sample = sampleOf(
    groupVersionText({ ...definition, group: definition.group.replace('kcp.dev', 'kcp.io') }),
    definition.kind,
  );
  return sample === undefined ? undefined : { ...sample, apiVersion: groupVersionText(definition) };
}

describe.each(
  definitions.map((definition) => [`${groupVersionText(definition)} ${definition.kind}`, definition] as const),
)('%s', (_name, definition) => {
  it('has a sample that can be made', { timeout: patienceMs }, async () => {
    const sample = rowSample(definition);
    if (sample === undefined) throw new Error('the kind has no sample');
    const made = await admin.post(collectionOf(definition), sample);
    // A LogicalCluster is there and cannot be made; an object of another version of the kind may be
    // there.
    if (definition.kind !== 'LogicalCluster' && made.status !== 409) expect(made.status, made.text).toBe(201);
  });

  it('answers for each field of another type, and never with a fault', { timeout: patienceMs }, async () => {
    const sample = rowSample(definition);
    const there = await admin.get(`${collectionOf(definition)}/${sample?.metadata?.name ?? ''}`);
    const live = definition.virtual === true ? undefined : there.body.metadata.resourceVersion;
    const faults = await faultsOf(sample === undefined ? [] : attemptsOf(definition, sample, live));
    expect(faults.slice(0, 5), `${faults.length} faults`).toEqual([]);
  });
});
