import { formatResourceVersion, mergedShardNumber } from '@kcp-ts/api';
import { assertionHeader } from '@kcp-ts/authn';
import { framedAcceptHeader } from '@kcp-ts/sharding';
import { patience } from '@kcp-ts/testing';
import { describe, expect, it, vi } from 'vitest';
import type { Setting } from './virtual-workspaces.fixture.ts';
import { revisionOf, setUp } from './virtual-workspaces.fixture.ts';

const wildcard = '/services/apiexport/root:provider/cowboys/clusters/*';
const cowboys = `${wildcard}/apis/wild.west/v1/cowboys`;
const from = formatResourceVersion(revisionOf(3), mergedShardNumber);

function shardOf({ shards }: Setting, number: number) {
  const shard = shards[number - 1];
  if (shard === undefined) throw new Error(`there is no shard ${number}`);
  return shard;
}

function forbidden(setting: Setting, number: number, times = Number.POSITIVE_INFINITY): void {
  let left = times;
  shardOf(setting, number).answer = (exchange) => {
    if (left-- <= 0) return false;
    const status = { kind: 'Status', message: 'not yours', reason: 'Forbidden', code: 403 };
    exchange.respond(403, { 'content-type': 'application/json' }, JSON.stringify(status));
    return true;
  };
}

describe('a list over all shards', () => {
  it('goes on from a token, and reads at an exact revision, when the membership answers: a shard may have joined', async () => {
    await using setting = await setUp();
    setting.conditions.membershipSilentMs = 501;
    let answered = 0;
    const asked = [
      setting.get(`${cowboys}?resourceVersion=${from}&resourceVersionMatch=Exact`),
      setting.get(`${cowboys}?continue=nonsense`),
    ].map((one) => one.finally(() => answered++));
    await setting.get('/livez');
    expect(answered).toBe(0);
    setting.conditions.membershipSilentMs = 0;
    expect((await Promise.all(asked)).map(({ status }) => status)).toEqual([200, 400]);
  });

  it('puts the items of all shards together as they are, at the largest revision', async () => {
    await using setting = await setUp();
    for (const [i, shard] of setting.shards.entries())
      shard.items = i === 1 ? [] : [`{"x":"${i}]}"}`, '{ "spaced": 1 }'];
    const { status, text } = await setting.get(`${cowboys}?labelSelector=a%3Db`);
    expect(status).toBe(200);
    expect(text).toBe(
      `{"kind":"CowboyList","apiVersion":"wild.west/v1","metadata":{"resourceVersion":"${from}"},"items":[{"x":"0]}"},{ "spaced": 1 },{"x":"2]}"},{ "spaced": 1 }]}`,
    );
    const url = new URL(shardOf(setting, 1).requests[0]?.url ?? '', 'https://x');
    expect(Object.fromEntries(url.searchParams)).toEqual({
      labelSelector: 'a=b',
      resourceVersion: formatResourceVersion(revisionOf(3), 1),
      resourceVersionMatch: 'Exact',
    });
  });

  it('gives shards a moment to receive an export, and says no at once where its own shard does', async () => {
    await using setting = await setUp();
    forbidden(setting, 1, 2);
    expect((await setting.get(cowboys)).status).toBe(200);
    forbidden(setting, 1);
    expect((await setting.get(cowboys)).status).toBe(503);
    forbidden(setting, 2);
    const refused = await setting.get(`${cowboys}?limit=5`);
    expect([refused.status, JSON.parse(refused.text)]).toMatchObject([403, { message: 'not yours' }]);
  });

  it('is refused while a shard is excluded, with a time to come back', async () => {
    await using setting = await setUp();
    setting.membership((shard) =>
      shard.name === 's3' ? { ...shard, alive: false, excludedAt: revisionOf(2) } : shard,
    );
    const refused = await setting.get(cowboys);
    expect([refused.status, refused.headers['retry-after']]).toEqual([503, '1']);
    expect(refused.text).toContain('s3');
  });

  it('waits for no revision that lies far ahead', async () => {
    await using setting = await setUp();
    const ahead = await setting.get(`${cowboys}?resourceVersion=${BigInt(from) + (3_600_000_000n << 12n)}`);
    expect(JSON.parse(ahead.text)).toMatchObject({
      code: 504,
      details: { causes: [{ reason: 'ResourceVersionTooLarge' }] },
    });
  });
});

describe('a watch over all shards', () => {
  const path = `${cowboys}?watch=1&resourceVersion=${from}`;

  it('orders the events of all shards, and asks those that hold one back', async () => {
    await using setting = await setUp();
    const watch = await setting.watch(path);
    await vi.waitFor(() => expect(setting.shards.map(({ watches }) => watches.length)).toEqual([1, 1, 1]), patience);
    expect(shardOf(setting, 2).requests[0]?.headers[framedAcceptHeader]).toBe('application/json');
    shardOf(setting, 1).event(20, 'twenty\n');
    shardOf(setting, 2).event(10, 'ten\n');
    await vi.waitFor(() => expect(watch.lines).toContain('twenty'), patience);
    expect(watch.lines.toSorted()).toEqual(['ten', 'twenty']);
  });

  it('ends with what a shard says where it cannot go on, and quietly when the service goes', async () => {
    await using setting = await setUp();
    const [first, second] = [await setting.watch(path), await setting.watch(path)];
    await vi.waitFor(() => expect(shardOf(setting, 3).watches).toHaveLength(2), patience);
    setting.membership((shard) =>
      shard.name === 's3' ? { ...shard, alive: false, excludedAt: revisionOf(900) } : shard,
    );
    await first.ended;
    await second.ended;
    expect(JSON.parse(first.lines.at(-1) ?? '')).toMatchObject({ type: 'ERROR', object: { code: 410 } });
    setting.membership((shard) => ({ ...shard, alive: true, excludedAt: undefined }));
    const third = await setting.watch(path);
    setting.service.drain();
    await setting.service.endWatches(0);
    await third.ended;
    expect(third.lines).toEqual([]);
    expect((await setting.get('/readyz?verbose')).text).toContain('[-]shutdown failed');
    expect((await setting.get('/livez')).status).toBe(200);
  });

  it('names a shard that is left out in a warning', async () => {
    await using setting = await setUp();
    setting.membership((shard) =>
      shard.name === 's3' ? { ...shard, alive: false, excludedAt: revisionOf(2) } : shard,
    );
    const watch = await setting.watch(path);
    expect(watch.headers['warning']).toContain('shard s3 is not available');
    shardOf(setting, 1).event(20, 'one\n');
    await vi.waitFor(() => expect(watch.lines).toEqual(['one']), patience);
  });
});

describe('everything else', () => {
  it('says that there is no such workspace only when no silent shard could know of it', async () => {
    await using setting = await setUp();
    const unknown = '/services/apiexport/root:provider/cowboys/clusters/nobody/apis/wild.west/v1/cowboys';
    expect((await setting.get(unknown)).status).toBe(200);
    setting.conditions.staleShards = new Set(['s3']);
    expect((await setting.get(unknown)).status).toBe(503);
  });

  it('goes to the shard of the consumer, or of the export', async () => {
    await using setting = await setUp();
    await setting.get('/services/apiexport/root:provider/cowboys/clusters/abc/apis/wild.west/v1/cowboys?x=1');
    await setting.get(`${wildcard}/apis`);
    expect(shardOf(setting, 3).requests.map(({ url }) => url)).toEqual([
      '/services/apiexport/root:provider/cowboys/clusters/abc/apis/wild.west/v1/cowboys?x=1',
    ]);
    expect(shardOf(setting, 2).requests.map(({ url }) => url)).toEqual([`${wildcard}/apis`]);
  });

  it('passes on who asks by a signed assertion or the client’s own token, and never what a header says', async () => {
    await using setting = await setUp();
    await setting.get(cowboys, { authorization: 'Bearer t', 'x-remote-user': 'root', [assertionHeader]: 'forged' });
    for (const { requests } of setting.shards) {
      const { headers } = requests[0] ?? {};
      expect([headers?.['authorization'], headers?.['x-remote-user'], headers?.[assertionHeader]]).toEqual([
        'Bearer t',
        undefined,
        undefined,
      ]);
    }
  });
});
