/**
 * The victim of the fault test: opens the store in the folder that it is given, writes in bursts,
 * and prints each acknowledged commit, until it is killed. A commit puts two keys with one value,
 * and now and then deletes one.
 */
import { createSystemClock } from '@kcp-ts/base';
import { openLmdbStore } from './lmdb-store.ts';

const [path, round] = process.argv.slice(2);
if (path === undefined || round === undefined) throw new RangeError('Usage: crash-child.ts <folder> <round>');
const store = await openLmdbStore({ path, clock: createSystemClock() });
process.stdout.write(`open ${store.currentRevision()}\n`);

async function client(number: number): Promise<void> {
  for (let count = 0; ; count++) {
    const name = `${round}-${number}-${count}`;
    const value = () => Buffer.from(name.padEnd(500, '.'));
    const result = await store.commit([
      { op: 'put', key: `core/configmaps/-/root/default/${name}`, expect: 'absent', value },
      { op: 'put', key: `core/configmaps/-/team/default/${name}`, expect: 'absent', value },
      { op: 'put', key: `core/counters/-/root/default/${number}`, expect: 'any', value },
    ]);
    if (result.status !== 'committed') throw new Error(`conflict at ${result.key}`);
    process.stdout.write(`done ${result.revision} ${name}\n`);
    if (count % 50 === 0) process.stdout.write(`progress ${await store.progress()} -\n`);
  }
}

await Promise.all(Array.from({ length: 16 }, (_, number) => client(number)));
