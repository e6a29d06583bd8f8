import type { KubeObject, ResourceDefinition, Revision } from '@kcp-ts/api';
import { compileSchema } from '@kcp-ts/schema';
import { expect, it } from 'vitest';
import { serve } from './served-resource.ts';
import { servedJson, servedObject, storedObject } from './stored-object.ts';

const definition = {
  group: 'example.com',
  version: 'v1',
  plural: 'widgets',
  kind: 'Widget',
  namespaced: true,
  dialect: 'custom',
  subresources: [],
} as unknown as ResourceDefinition;

function servedUnder(fingerprint: string, spec: object) {
  const properties = { spec: { type: 'object', properties: spec } };
  const schema = compileSchema({ type: 'object', properties } as never, { dialect: 'custom' });
  return serve(definition, {
    identity: '-',
    origin: { kind: 'builtin' },
    strategy: {},
    schema,
    fingerprint,
  });
}

it('an object that was stored under another schema is pruned and defaulted when it is read, one of the current is copied', () => {
  const text = { type: 'string' };
  const old = servedUnder('0000000000000001', { colour: text, shape: text, note: text });
  const now = servedUnder('0000000000000002', {
    colour: { type: 'string' },
    size: { type: 'integer', default: 3 },
  });
  const object: KubeObject = {
    apiVersion: 'example.com/v1',
    kind: 'Widget',
    metadata: { name: 'w' },
    spec: { colour: 'red', shape: 'round', note: 'x'.repeat(100_000) },
  };
  const value = storedObject(old, object, 7 as Revision, 1);
  expect(servedObject(now, value)['spec']).toEqual({ colour: 'red', size: 3 });
  expect(JSON.parse(Buffer.from(servedJson(now, value)).toString()).spec).toEqual({ colour: 'red', size: 3 });
  // The bytes as they are stored, and no copy of them.
  const bytes = servedJson(old, value);
  expect(bytes.buffer).toBe(value.buffer);
  expect(JSON.parse(Buffer.from(bytes).toString()).spec).toMatchObject({ colour: 'red', shape: 'round' });
});
