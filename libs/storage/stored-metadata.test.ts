import { parseJson } from '@kcp-ts/base';
import fc from 'fast-check';
import { expect, it, vi } from 'vitest';
import { parseStoredMetadata, storedMetadataJson } from './stored-metadata.ts';
import { encodeStored } from './stored-value.ts';

const fingerprint = '0123456789abcdef';
const stored = (object: unknown) => encodeStored(fingerprint, 0, JSON.stringify(object));
const keys = fc.oneof(fc.constantFrom('metadata', 'spec', '"metadata":', '\\', 'k"', ']}', ''), fc.string());
const values = fc.jsonValue({ maxDepth: 4 });

it('finds the metadata of any object wherever it stands', () => {
  fc.assert(
    fc.property(
      fc.dictionary(keys, values, { maxKeys: 4, noNullPrototype: true }),
      values,
      fc.dictionary(keys, values, { maxKeys: 4, noNullPrototype: true }),
      (before, metadata, after) => {
        const object = { ...before, metadata, ...after };
        const value = stored(object);
        expect(parseStoredMetadata(value)).toEqual(
          (parseJson(JSON.stringify(object)) as { metadata: unknown }).metadata,
        );
        expect(Buffer.from(storedMetadataJson(value) ?? []).toString()).toBe(JSON.stringify(object.metadata));
      },
    ),
    { numRuns: 2_000 },
  );
});

it('finds it behind strings that end in escapes at any length', () => {
  for (let length = 0; length < 120; length++) {
    for (const end of ['\\', '"', '\\"', '\n', '']) {
      const text = 'x'.repeat(length) + end;
      const object = { [text]: text, list: [text, { [text]: 1 }, -1.5e9, true, null], metadata: { name: text } };
      expect(parseStoredMetadata(stored(object))).toEqual({ name: text });
    }
  }
  expect(parseStoredMetadata(stored({ kind: 'x' }))).toEqual({});
  expect(parseStoredMetadata(stored({}))).toEqual({});
});

it('looks at a large object without parsing it', () => {
  const value = stored({ data: { list: Array.from({ length: 300_000 }, () => 'xy') }, metadata: { name: 'a' } });
  const parse = vi.spyOn(JSON, 'parse');
  expect(parseStoredMetadata(value)).toEqual({ name: 'a' });
  expect(parse.mock.calls.map(([text]) => text)).toEqual(['{"name":"a"}']);
  parse.mockRestore();
});
