/**
 * Services of two versions run side by side while an installation is upgraded. So what was released
 * keeps its numbers, names and types; `proto/history/` has each release, and a new one is written
 * with UPDATE_GOLDEN=1 beside those that are there.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DescField, DescFile } from '@bufbuild/protobuf';
import { create, fromBinary, ScalarType, toBinary } from '@bufbuild/protobuf';
import { describe, expect, it } from 'vitest';
import { ClockService } from './gen/clock/v1/clock_pb.ts';
import { FeedEntrySchema, FeedMessageSchema, FeedService } from './gen/feed/v1/feed_pb.ts';
import { ShardService } from './gen/shard/v1/shard_pb.ts';

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

describe.each([
  ['clock-v1', ClockService.file],
  ['feed-v1', FeedService.file],
  ['shard-v1', ShardService.file],
])('the wire of %s', (name, file) => {
  const current = describeFile(file);
  const releases = readdirSync(folder)
    .filter((each) => each.startsWith(name))
    .sort();
  const newest = join(folder, releases.at(-1) ?? `${name}-001.txt`);
  if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(newest, `${current.join('\n')}\n`);

  it.each(releases)('still has everything that %s had', (release) => {
    const released = readFileSync(join(folder, release), 'utf8').trim().split('\n');
    expect(released.filter((line) => !current.includes(line))).toEqual([]);
  });

  it('is written down as it is', () => {
    expect(readFileSync(newest, 'utf8').trim().split('\n')).toEqual(current);
  });
});

describe('the wire of feeds', () => {
  it('a message has the bytes that it always had, and ignores what it does not know', () => {
    const entry = { key: 'a/b/-/c//d', revision: 5, createRevision: 3, value: Uint8Array.of(1, 2) };
    const gone = { key: 'a/b/-/c//e', revision: 6, createRevision: 2 };
    const message = create(FeedMessageSchema, {
      shard: 'alpha',
      number: 7,
      epoch: 'e',
      previous: 4,
      progress: 2 ** 53 - 1,
      entries: [entry, gone].map((each) => create(FeedEntrySchema, each)),
      byReference: true,
    });
    const bytes = Buffer.from(toBinary(FeedMessageSchema, message));
    expect(bytes.toString('hex')).toMatchInlineSnapshot(
      `"0a05616c70686110071a016521000000000000104029ffffffffffff3f4332220a0a612f622f2d2f632f2f6411000000000000144019000000000000084022020102321e0a0a612f622f2d2f632f2f651100000000000018401900000000000000403801"`,
    );
    const later = Buffer.concat([bytes, Buffer.from('f80601', 'hex')]);
    const read = fromBinary(FeedMessageSchema, later);
    expect(read.progress).toBe(2 ** 53 - 1);
    expect(read.entries.map(({ key, value }) => [key, value === undefined ? undefined : [...value]])).toEqual([
      [entry.key, [1, 2]],
      [gone.key, undefined],
    ]);
  });
});
