/**
 * `kcp-ts cluster` as an operator meets it: killed, started with wrong flags, ended while it
 * starts.
 */
import { readFileSync } from 'node:fs';
import { access, chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { missingProgram, programs } from '@kcp-ts/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createApiClient } from '../harness/api-client.ts';
import type { EndedProgram, RunningProgram } from '../harness/program.ts';
import { endPrograms, runProgram } from '../harness/program.ts';

const noServers = missingProgram('etcd') ?? missingProgram('natsServer');
if (noServers !== undefined) console.warn(`skipped: ${noServers}`);

let folder: string;
let started: RunningProgram[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kcp-ts-launcher-'));
  started = [];
});

afterEach(async () => {
  await endPrograms(started);
  await control('stop');
  await rm(folder, { recursive: true, force: true });
});

function run(...flags: readonly string[]): RunningProgram {
  const servers = ['--etcd', programs.etcd, '--nats-server', programs.natsServer];
  const one = ['--root-directory', folder, '--shards', '1', '--front-proxies', '1', '--secure-port', '0'];
  const running = runProgram(['cluster', ...one, ...servers, ...flags]);
  started.push(running);
  return running;
}

function control(...args: readonly string[]): Promise<EndedProgram> {
  return runProgram(['cluster', ...args, '--root-directory', folder]).ended;
}

/** By name. */
async function pidsOf(...names: readonly string[]): Promise<ReadonlyMap<string, number>> {
  const { code, out, err } = await control('status', ...names);
  expect(code, err).toBe(0);
  const rows = out.trimEnd().split('\n').slice(1);
  return new Map(rows.map((row) => row.split(/\s+/)).map(([name = '', pid]) => [name, Number(pid)]));
}

/** A process that nobody has waited for has ended as well, and keeps its id. */
function isRunning(pid: number): boolean {
  try {
    return !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}

/** As an administrator does, at the first front-proxy. */
async function deleteShard(name: string): Promise<void> {
  const text = (path: string) => readFile(join(folder, path), 'utf8');
  const { parts } = JSON.parse(await text('cluster.json')) as { parts: readonly { name: string; port: number }[] };
  const port = parts.find((part) => part.name === 'front-proxy-1')?.port ?? 0;
  const [token = ''] = (await text('pki/administrators.csv')).split(',');
  await using client = createApiClient({ url: `https://127.0.0.1:${port}`, ca: await text('pki/ca.crt'), token });
  const answer = await client.delete(`/clusters/root/apis/core.kcp.io/v1alpha1/shards/${name}`);
  expect(answer.status, answer.text).toBe(200);
}

describe.skipIf(noServers !== undefined)('a launcher that was killed', () => {
  it('has its parts ended by the next one, with a line for each, or by stop', async () => {
    const first = run();
    await first.ready;
    const left = await pidsOf();
    expect(left.size).toBe(6);
    first.child.kill('SIGKILL');
    await first.ended;
    const status = await control('status');
    expect(status.code).toBe(1);
    for (const [name, pid] of left) expect(status.err).toContain(`${name} (process ${pid})`);

    const said = await run().ready;
    for (const [name, pid] of left) {
      expect(said).toContain(`ended ${name} (process ${pid}), which a former launcher had left running\n`);
      expect(isRunning(pid)).toBe(false);
    }
    const next = await pidsOf();
    expect([...next.keys()]).toEqual([...left.keys()]);
    expect([...next.values()].every(isRunning)).toBe(true);

    started[1]?.child.kill('SIGKILL');
    await started[1]?.ended;
    expect(await control('stop', 'front-proxy-1')).toMatchObject({ code: 0 });
    expect([...next].filter(([, pid]) => isRunning(pid)).map(([name]) => name)).not.toContain('front-proxy-1');
    expect([...next.values()].filter(isRunning).length).toBe(5);
    expect(await control('stop')).toMatchObject({ code: 0 });
    expect([...next.values()].filter(isRunning)).toEqual([]);
    expect(await control('status')).toMatchObject({
      code: 1,
      err: `error: no installation runs in ${folder}: start one with kcp-ts cluster\n`,
    });
  }, 120_000);
});

/** All files of a folder, as one text. */
async function textIn(path: string): Promise<string> {
  const entries = await readdir(path, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  return (await Promise.all(files.map((file) => readFile(join(file.parentPath, file.name), 'utf8')))).join('\n');
}

describe.skipIf(noServers !== undefined)('kcp-ts cluster', () => {
  it('says of each part whether it is ready, and collects what a debugger needs, without secrets', async () => {
    await run('--standbys').ready;
    const { out } = await control('status');
    const shown = new Map(out.split('\n').map((line) => [line.split(/\s+/)[0], line.split(/\s{2,}/).slice(3)]));
    expect(shown.get('NAME')).toEqual(['READY', 'VERSION', 'ROLE']);
    expect(shown.get('root')).toEqual(['yes', expect.stringMatching(/^v1\..*-ts$/), 'owner']);
    expect(shown.get('root-standby')?.[2]).toMatch(/^standby/);
    expect(shown.get('nats')).toEqual(['-', '-', '-']);
    await control('stop', 'front-proxy-1');
    expect((await control('status', 'front-proxy-1')).out).toMatch(/front-proxy-1 +- +\d+ +no/);

    const output = join(folder, 'collected');
    const collected = await control('debug', output);
    expect(collected, collected.err).toMatchObject({ code: 0, err: '' });
    expect((await readdir(join(output, 'root'))).sort()).toEqual([
      'arguments.txt',
      'livez.txt',
      'log.txt',
      'metrics.txt',
      'readyz.txt',
      'version.json',
    ]);
    const text = await textIn(output);
    expect(text).toContain('kcp_shard_role{role="owner"} 1');
    const secrets = await textIn(join(folder, 'pki'));
    const lines = secrets.split(/[\n,]/).filter((line) => line.length >= 16 && !line.startsWith('-----'));
    expect(lines.length).toBeGreaterThan(50);
    expect(lines.filter((line) => text.includes(line) && !/^[a-z:"-]+$/.test(line))).toEqual([]);
    // What is there already is not written into.
    expect(await control('debug', output)).toMatchObject({ code: 1, out: '' });
  }, 120_000);

  it('shows the parts that status names, and says which it does not know', async () => {
    await run('--shards', '2').ready;
    expect([...(await pidsOf('root', 'etcd')).keys()]).toEqual(['etcd', 'root']);
    const unknown = await control('status', 'nope');
    expect(unknown).toMatchObject({ code: 1, out: '' });
    expect(unknown.err).toContain('error: Cannot find nope: there are etcd, nats, root, shard-1');

    await endPrograms(started);
    const fewer = await run('--shards', '1').ended;
    expect(fewer).toMatchObject({ code: 1, out: '' });
    expect(fewer.err).toContain('also has shard-1, whose workspaces would not be served');

    const both = run('--shards', '2');
    await both.ready;
    expect(await control('stop', 'shard-1')).toMatchObject({ code: 0 });
    await deleteShard('shard-1');
    await endPrograms([both]);
    await run('--shards', '1').ready;
    expect([...(await pidsOf()).keys()]).not.toContain('shard-1');
  }, 120_000);

  it('ends at once, with the reason, where a program cannot be started or ends', async () => {
    const none = await run('--etcd', '/nope').ended;
    expect(none).toMatchObject({ code: 1, out: '', err: 'error: etcd cannot be started: spawn /nope ENOENT\n' });
    const script = join(folder, 'broken');
    await writeFile(script, '#!/bin/sh\necho this is why\nexit 3\n');
    await chmod(script, 0o700);
    const broken = await run('--nats-server', script).ended;
    expect(broken).toMatchObject({ code: 1, out: '' });
    expect(broken.err).toBe('error: nats ended with code 3; the end of its log:\nthis is why\n');
  });

  it('refuses a port that is taken, in one line, and can be started with another one', async () => {
    const server = createServer();
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    const { port } = server.address() as AddressInfo;
    try {
      expect(await run('--secure-port', String(port)).ended).toMatchObject({
        code: 1,
        err: `error: front-proxy-1 cannot listen on 127.0.0.1:${port}, since another process does: choose another one with --secure-port\n`,
      });
    } finally {
      server.close();
    }
    await run().ready;
  }, 60_000);

  it('ends in good order when it is asked to while it starts', async () => {
    const script = join(folder, 'slow');
    await mkdir(folder, { recursive: true });
    await writeFile(script, '#!/bin/sh\nexec sleep 1000\n');
    await chmod(script, 0o700);
    const starting = run('--etcd', script);
    await expect.poll(() => access(join(folder, 'run/etcd.json')).then(() => true), { timeout: 30_000 }).toBe(true);
    starting.child.kill('SIGTERM');
    expect(await starting.ended).toEqual({ code: 0, signal: null, out: '', err: '' });
  }, 60_000);
});

describe('kcp-ts cluster', () => {
  it.each([
    [['--shards', 'abc'], 'A number from 1 to 64.'],
    [['--shards', '0'], 'A number from 1 to 64.'],
    [['--front-proxies', '0'], 'A number from 1 to 64.'],
    [['--cache-servers', '65'], 'A number from 0 to 64.'],
    [['--secure-port', '70000'], 'A port.'],
    [['--root-directory', ''], 'A folder.'],
    [['--nonsense'], "unknown option '--nonsense'"],
  ])('refuses %j, and ends with 2', async (flags, message) => {
    const ended = await run(...flags).ended;
    expect(ended).toMatchObject({ code: 2, out: '' });
    expect(ended.err).toContain(message);
    expect(ended.err).toContain('See kcp-ts cluster --help.');
  });

  it('names the flag of a token file that is not there', async () => {
    const ended = await run('--token-auth-file', '/nope').ended;
    expect(ended.code).toBe(1);
    expect(ended.err).toMatch(/^error: --token-auth-file \/nope cannot be read: ENOENT.*\n$/);
  });
});
