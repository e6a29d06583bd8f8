/**
 * Services of two versions run side by side while an installation is upgraded. So what was released keeps its numbers, names and types; `proto/history/`
 * has each release, and a new one is written with UPDATE_GOLDEN=1 beside those that are there.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DescField, DescFile } from '@bufbuild/protobuf';
import { create, fromBinary, ScalarType, toBinary } from '@bufbuild/protobuf';
import { describe, expect, it } from 'vitest';
import { FeedMessageSchema, file_feed_v1_feed } from './index.ts';

const folder = join(import.meta.dirname, '../../proto/history');

function describeField(field: DescField): string {
  const many = field.fieldKind === 'list' ? 'repeated ' : field.proto.proto3Optional ? 'optional ' : '';
  const scalar = field.scalar === undefined ? undefined : ScalarType[field.scalar].toLowerCase();
  return `${many}${scalar ?? field.message?.typeName ?? field.enum?.typeName} ${field.name}`;
}

/** One line for everything that another version relies on. */
function describeFile(file: DescFile): readonly string[] {
  const fields = file.messages.flatMap(({ typeName, fields }) =>
    fields.map((field) => `${typeName} ${field.number}: ${describeField(field)}`),
  );
  const methods = file.services.flatMap(({ typeName, methods }) =>
    methods.map(
      ({ name, methodKind, input, output }) =>
        `${typeName}/${name} ${methodKind}: ${input.typeName} -> ${output.typeName}`,
    ),
  );
  return [...fields, ...methods];
}

describe('the wire of feeds', () => {
  const current = describeFile(file_feed_v1_feed);
  const releases = readdirSync(folder)
    .filter((name) => /^feed-v1-\d+\.txt$/.test(name))
    .sort();
  const newest = join(folder, releases.at(-1) ?? 'feed-v1-001.txt');
  if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(newest, `${current.join('\n')}\n`);

  it.each(releases)('still has everything that %s had', (name) => {
    const released = readFileSync(join(folder, name), 'utf8').trim().split('\n');
    expect(released.filter((line) => !current.includes(line))).toEqual([]);
  });

  it('is written down as it is', () => {
    expect(readFileSync(newest, 'utf8').trim().split('\n')).toEqual(current);
  });

  it('a message has the bytes that it always had, and ignores what it does not know', () => {
    const entry = { key: 'a/b/-/c//d', revision: 5, createRevision: 3, value: Uint8Array.of(1, 2) };
    const gone = { key: 'a/b/-/c//e', revision: 6, createRevision: 2 };
    const message = create(FeedMessageSchema, {
      shard: 'alpha',
      shardNumber: 7,
      epoch: 'e',
      revision: 2 ** 53 - 1,
      previous: 4,
      progress: 8,
      entries: [entry, gone],
      fetch: true,
    });
    const bytes = Buffer.from(toBinary(FeedMessageSchema, message));
    expect(bytes.toString('hex')).toMatchInlineSnapshot(
      `"0a05616c70686110071a016521ffffffffffff3f432900000000000010403100000000000020403a220a0a612f622f2d2f632f2f64110000000000001440190000000000000840220201023a1e0a0a612f622f2d2f632f2f651100000000000018401900000000000000404001"`,
    );
    const later = Buffer.concat([bytes, Buffer.from('f80601', 'hex')]);
    const read = fromBinary(FeedMessageSchema, later);
    expect(read.revision).toBe(2 ** 53 - 1);
    expect(read.entries.map(({ key, value }) => [key, value === undefined ? undefined : [...value]])).toEqual([
      [entry.key, [1, 2]],
      [gone.key, undefined],
    ]);
  });
});
