/**
 * A shard that is started on a folder that it must not use says so, for a person, and changes
 * nothing.
 */
import { copyFile, mkdir, mkdtemp, readFile, rename, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Clock } from '@kcp-ts/base';
import { createSystemClock } from '@kcp-ts/base';
import { openLmdbStore } from '@kcp-ts/storage';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readConfig } from './config.ts';
import type { RunningShard } from './start.ts';
import { startShard } from './start.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kcp-ts-root-'));
});

afterEach(() => rm(folder, { recursive: true, force: true }));

function configOf(...more: readonly string[]) {
  const args = ['--root-directory', folder, '--secure-port', '0', '--bind-address', '127.0.0.1', '-v', '0', ...more];
  const result = readConfig(args, {});
  if (result.kind !== 'config') throw new Error(JSON.stringify(result));
  return result.config;
}

function start(...more: readonly string[]): Promise<RunningShard> {
  return startShard(configOf(...more));
}

async function startAndStop(): Promise<void> {
  const running = await start();
  await running[Symbol.asyncDispose]();
}

async function startElsewhere(): Promise<RunningShard> {
  const elsewhere = await mkdtemp(join(tmpdir(), 'kcp-ts-root-'));
  const running = await start('--root-directory', elsewhere);
  return {
    ...running,
    async [Symbol.asyncDispose]() {
      await running[Symbol.asyncDispose]();
      await rm(elsewhere, { recursive: true, force: true });
    },
  };
}

const data = () => join(folder, 'data', 'data.mdb');
const format = () => join(folder, 'kcp-ts.json');

async function overwrite(bytes: Buffer, at: number): Promise<void> {
  const content = await readFile(data());
  bytes.copy(content, at);
  await writeFile(data(), content);
}

describe('the root directory of a shard', () => {
  it('is used by one process at a time: the second says who has it, and the first serves on', async () => {
    await using first = await start();
    await expect(start()).rejects.toThrow(
      new RegExp(`^${folder} is in use by the shard "root" \\(process ${process.pid} on .*, since 20.*\\): end that`),
    );
    expect(first.port).toBeGreaterThan(0);
  });

  it('is free again when its process has ended', async () => {
    await startAndStop();
    await startAndStop();
  });

  it('keeps its shard: another --shard-name is refused', async () => {
    await startAndStop();
    await expect(start('--shard-name', 'other')).rejects.toThrow(
      'holds the data of the shard "root", and --shard-name says "other": a shard keeps its name',
    );
    await startAndStop();
  });

  it('is refused where another kind of service or a newer version has written it', async () => {
    await startAndStop();
    const written = JSON.parse(await readFile(format(), 'utf8')) as object;
    await writeFile(format(), JSON.stringify({ ...written, kind: 'cluster' }));
    await expect(start()).rejects.toThrow(`${folder} is the folder of kcp-ts cluster, not of a shard`);
    await writeFile(format(), JSON.stringify({ ...written, format: 99 }));
    await expect(start()).rejects.toThrow('was written by a newer version (format 99, and this program reads up to 1)');
    await writeFile(format(), '{"format":');
    await expect(start()).rejects.toThrow('kcp-ts.json cannot be read: restore it from a backup');
  });

  const damages: readonly (readonly [string, () => Promise<void>, string])[] = [
    ['gone', () => rm(join(folder, 'data'), { recursive: true }), 'has no data any more'],
    ['empty', () => truncate(data(), 0), 'data.mdb is damaged: it is empty'],
    ['cut off in its head', () => truncate(data(), 100), 'data.mdb is damaged: it is cut off'],
    ['cut off', async () => truncate(data(), (await stat(data())).size - 4096), 'and its last commit needs'],
    ['foreign', () => copyFile(import.meta.filename, data()), 'data.mdb is damaged: it is not a file of LMDB'],
    [
      'of another LMDB',
      () => overwrite(Buffer.from([1]), 0x1c),
      "it has LMDB's data version 1, and this program reads",
    ],
    [
      'overwritten behind its head',
      // All of it: a part may be pages that nothing uses, and then nothing is lost.
      async () => overwrite(Buffer.alloc((await stat(data())).size - 2 * 4096, 0xa5), 2 * 4096),
      'data.mdb is damaged: ',
    ],
  ];

  it.each(damages)('is refused, and left as it is, where its data is %s', async (_what, damage, message) => {
    await startAndStop();
    await damage();
    const before = await stat(data()).catch(() => undefined);
    await expect(start()).rejects.toThrow(message);
    const after = await stat(data()).catch(() => undefined);
    expect(after?.mtimeMs).toBe(before?.mtimeMs);
    expect(after?.size).toBe(before?.size);
  });

  it('of a version that wrote no kcp-ts.json is taken as it is', async () => {
    const earlier = await openLmdbStore({ path: join(folder, 'data'), clock: createSystemClock() });
    await earlier[Symbol.asyncDispose]();
    await startAndStop();
    expect(JSON.parse(await readFile(format(), 'utf8'))).toMatchObject({ format: 1, kind: 'shard', shard: 'root' });
  });

  it('can be used after a first start that failed before there was data', async () => {
    await using other = await startElsewhere();
    await expect(start('--secure-port', String(other.port))).rejects.toThrow('EADDRINUSE');
    await expect(start('--token-auth-file', join(folder, 'none'))).rejects.toThrow('ENOENT');
    await startAndStop();
    await rm(join(folder, 'data'), { recursive: true });
    await expect(start()).rejects.toThrow('has no data any more');
  });

  it('is refused where kcp-ts.json is gone, or is of another installation than the data', async () => {
    await startAndStop();
    const own = await readFile(format(), 'utf8');
    await rm(format());
    await expect(start()).rejects.toThrow(`${join(folder, 'data')} has data, and kcp-ts.json beside it is gone`);
    await expect(stat(format())).rejects.toThrow('ENOENT');
    await writeFile(format(), JSON.stringify({ ...(JSON.parse(own) as object), installation: 'another' }));
    await expect(start()).rejects.toThrow('has data of another installation than kcp-ts.json beside it');
    await writeFile(format(), own);
    await startAndStop();
  });

  it('with embedded data is refused with --etcd-servers, and with a mirror of etcd without', async () => {
    await startAndStop();
    await expect(start('--etcd-servers', 'http://127.0.0.1:1')).rejects.toThrow(
      `${join(folder, 'data')} has the data of an embedded shard, which --etcd-servers would not serve`,
    );
    await rename(join(folder, 'data'), join(folder, 'mirror'));
    await rm(format());
    await expect(start()).rejects.toThrow(`${join(folder, 'mirror')} has a mirror of a shard in etcd`);
  });

  it('is refused, with the reason, where it cannot be made', async () => {
    const result = readConfig(['--root-directory', '/proc/none/here', '--secure-port', '0'], {});
    if (result.kind !== 'config') throw new Error(JSON.stringify(result));
    await expect(startShard(result.config)).rejects.toThrow(
      '/proc/none/here cannot be made for --root-directory: ENOENT',
    );
  });

  it('is free again where the start fails at its last step, and no timer goes on', async () => {
    const system = createSystemClock();
    const timers = new Set<Disposable>();
    const clock: Clock = {
      ...system,
      setTimer(ms, run) {
        const timer = system.setTimer(ms, () => {
          timers.delete(timer);
          run();
        });
        timers.add(timer);
        return {
          [Symbol.dispose]() {
            timers.delete(timer);
            timer[Symbol.dispose]();
          },
        };
      },
    };
    // The kubeconfig is drafted beside its place, where no file can be written then.
    const draft = join(folder, `admin.kubeconfig.${process.pid}.new`);
    await mkdir(draft);
    await expect(startShard(configOf(), undefined, clock)).rejects.toThrow(draft);
    expect(timers.size).toBe(0);
    await rm(draft, { recursive: true });
    await startAndStop();
  });
});
