/**
 * Writes until the disk is full, which the test that starts it arranges with a limit on the size of
 * files; then says in one line how it went.
 */

import { StatusError } from '@kcp-ts/api';
import { createSystemClock } from '@kcp-ts/base';
import { openLmdbStore } from './lmdb-store.ts';

const [path] = process.argv.slice(2);
if (path === undefined) throw new RangeError('Usage: full-disk-child.ts <folder>');
await using store = await openLmdbStore({ path, clock: createSystemClock() });
const value = () => Buffer.alloc(1_000, 'x');
const counts = { written: 0, unavailable: 0, other: 0 };
for (let round = 0; round < 20; round++) {
  const keys = Array.from({ length: 100 }, (_, number) => `core/configmaps/-/root/default/${round}-${number}`);
  const commits = keys.map((key) => store.commit([{ op: 'put', key, expect: 'any', value }]));
  for (const result of await Promise.allSettled(commits)) {
    if (result.status === 'fulfilled') counts.written++;
    else if (result.reason instanceof StatusError && result.reason.reason === 'ServiceUnavailable')
      counts.unavailable++;
    else counts.other++;
  }
}
const listed = await store.count({ prefix: '' });
const removal = await store.commit([{ op: 'delete', key: 'core/configmaps/-/root/default/0-0', expect: 'any' }]);
process.stdout.write(`${JSON.stringify({ ...counts, listed, removal: removal.status })}\n`);
