/**
 * The programs as an operator meets them: started twice on one folder, given wrong flags, sent
 * signals.
 */
import { mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePorts } from '@kcp-ts/base';
import { missingProgram, startEtcd } from '@kcp-ts/testing';
import { load } from 'js-yaml';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createApiClient } from '../harness/api-client.ts';
import { configMap, configMapsOf } from '../harness/objects.ts';
import type { RunningProgram } from '../harness/program.ts';
import { endPrograms, runProgram } from '../harness/program.ts';
import { startServer } from '../harness/server.ts';

const alone = ['--secure-port', '0', '--bind-address', '127.0.0.1', '-v', '0'];
const noEtcd = missingProgram('etcd');
const noServers = noEtcd ?? missingProgram('natsServer');
for (const missing of new Set([noEtcd, noServers])) if (missing !== undefined) console.warn(`skipped: ${missing}`);

let folder: string;
let started: RunningProgram[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kcp-ts-programs-'));
  started = [];
});

afterEach(async () => {
  await endPrograms(started);
  await rm(folder, { recursive: true, force: true });
});

function run(...args: readonly string[]): RunningProgram {
  const running = runProgram(args);
  started.push(running);
  return running;
}

const start = (...more: readonly string[]) => run('start', '--root-directory', folder, ...alone, ...more);

describe('kcp-ts start', () => {
  it('leaves a folder that another process has alone, says who that is, and ends with 1', async () => {
    const first = start();
    await first.ready;
    const second = await start().ended;
    expect(second).toMatchObject({ code: 1, out: '' });
    expect(second.err).toMatch(
      new RegExp(`^error: ${folder} is in use by the shard "root" \\(process ${first.child.pid} on `),
    );
    expect(first.child.exitCode).toBeNull();
  });

  it('takes the folder of a process that was killed', async () => {
    const first = start();
    await first.ready;
    first.child.kill('SIGKILL');
    await first.ended;
    await start().ready;
  });

  it('refuses a flag that has no effect, with its name, and ends with 2', async () => {
    const ended = await start('--etcd-prefix', '/kcp/a').ended;
    expect(ended).toMatchObject({ code: 2, out: '' });
    expect(ended.err).toBe('error: --etcd-prefix has no effect without --etcd-servers\nSee kcp-ts start --help.\n');
  });

  it.each([
    ['--peer-ca-file', '/nope'],
    ['--client-ca-file', '/nope'],
    ['--bind-address', '203.0.113.9'],
  ])('names the flag %s where %s cannot be used, and ends with 1', async (flag, value) => {
    const ended = await start(flag, value).ended;
    expect(ended).toMatchObject({ code: 1, out: '' });
    expect(ended.err).toMatch(new RegExp(`^error: ${flag} cannot be used: .*${value}.*\\n$`));
  });

  it.each(['SIGTERM', 'SIGINT'] as const)('ends in good order at %s', async (signal) => {
    const running = start();
    await running.ready;
    running.child.kill(signal);
    expect(await running.ended).toMatchObject({ code: 0, signal: null });
    const { stores } = JSON.parse(await readFile(join(folder, 'kcp-ts.json'), 'utf8')) as { stores: object };
    expect(stores).toMatchObject({ data: { bytes: expect.any(Number) } });
  });

  it('reads its files again at SIGHUP, says what it cannot use, and goes on', async () => {
    const tokens = join(folder, 'tokens.csv');
    await writeFile(tokens, 't,ann,1\n');
    const running = start('--token-auth-file', tokens);
    await running.ready;
    await writeFile(tokens, 'no token\n');
    running.child.kill('SIGHUP');
    await running.said(/the token file cannot be read/);
    expect(running.child.exitCode).toBeNull();
    running.child.kill('SIGTERM');
    expect(await running.ended).toMatchObject({ code: 0, signal: null });
  });

  it('serves for as long as --shutdown-delay-duration says after SIGTERM, and is not ready', async () => {
    const running = start('--shutdown-delay-duration', '2s');
    await running.ready;
    const kubeconfig = load(await readFile(join(folder, 'admin.kubeconfig'), 'utf8')) as {
      clusters: { name: string; cluster: { server: string; 'certificate-authority-data': string } }[];
      users: { name: string; user: { token: string } }[];
    };
    const { server: url = '', 'certificate-authority-data': ca = '' } = kubeconfig.clusters[0]?.cluster ?? {};
    const token = kubeconfig.users.find(({ name }) => name === 'kcp-admin')?.user.token ?? '';
    const server = { url: new URL(url).origin, ca: Buffer.from(ca, 'base64').toString(), token };
    await using before = createApiClient(server);
    expect((await before.get('/readyz')).status).toBe(200);
    running.child.kill('SIGTERM');
    await before.until('/readyz?verbose', ({ status }) => status === 500);
    await using later = createApiClient(server);
    for (const client of [before, later]) {
      expect((await client.get('/livez')).status).toBe(200);
      expect((await client.get(configMapsOf('root'))).status).toBe(200);
    }
    expect(await running.ended).toMatchObject({ code: 0, signal: null });
  });

  it('opens no port of a debugger at SIGUSR1', async () => {
    const running = start();
    await running.ready;
    running.child.kill('SIGUSR1');
    running.child.kill('SIGTERM');
    const { err } = await running.ended;
    expect(err).not.toContain('Debugger listening');
  });

  it('says why etcd does not answer, and where', async () => {
    const [port = 0] = await freePorts(1);
    const etcd = `http://127.0.0.1:${port}`;
    const { child, ended } = start('-v', '2', '--etcd-servers', etcd);
    await new Promise<void>((done) =>
      child.stderr?.on('data', (chunk: Buffer) => chunk.includes('etcd does not answer') && done()),
    );
    child.kill('SIGTERM');
    const lines = (await ended).err.split('\n').filter((line) => line.includes('etcd does not answer'));
    expect(lines.length).toBe(1);
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({
      level: 'warn',
      etcd: [etcd],
      reason: expect.stringContaining(`ECONNREFUSED 127.0.0.1:${port}`),
    });
  });

  it.skipIf(noEtcd !== undefined)(`keeps its data in etcd when --etcd-servers says so, alone`, async () => {
    await using etcd = await startEtcd();
    const flags = ['--etcd-servers', etcd.endpoint];
    {
      await using server = await startServer({ folder, flags });
      const made = await server.admin.post(configMapsOf('root'), configMap('kept'));
      expect(made.status, made.text).toBe(201);
    }
    // A damaged copy is made again.
    await truncate(join(folder, 'mirror', 'data.mdb'), 100);
    {
      await using server = await startServer({ folder, flags });
      expect((await server.admin.get(`${configMapsOf('root')}/kept`)).status).toBe(200);
    }
    const other = await mkdtemp(join(tmpdir(), 'kcp-ts-programs-'));
    try {
      await using server = await startServer({ folder: other, flags });
      expect((await server.admin.get(`${configMapsOf('root')}/kept`)).status).toBe(200);
    } finally {
      await rm(other, { recursive: true, force: true });
    }
  });
});

describe.skipIf(noServers !== undefined)('kcp-ts cluster', () => {
  const cluster = () => run('cluster', '--root-directory', folder, '--shards', '1', '--secure-port', '0');

  it('leaves a folder that another launcher has alone, and ends with its parts when the terminal goes', async () => {
    const first = cluster();
    await first.ready;
    const second = await cluster().ended;
    expect(second).toMatchObject({ code: 1, out: '' });
    expect(second.err).toMatch(new RegExp(`is in use by kcp-ts cluster \\(process ${first.child.pid} on `));
    const embedded = await start().ended;
    expect(embedded.err).toContain('is in use by kcp-ts cluster');
    first.child.kill('SIGHUP');
    expect(await first.ended).toMatchObject({ code: 0 });
    expect((await start().ended).err).toContain(`${folder} is the folder of kcp-ts cluster, not of a shard`);
  }, 120_000);
});

describe('kcp-ts', () => {
  it('says its version', async () => {
    const ended = await run('--version').ended;
    expect(ended.code).toBe(0);
    expect(ended.out).toMatch(/^kcp-ts v1\.\d+\.\d+\+kcp-v\S+\n$/);
  });

  it('names each command once, and the command that a wrong flag was given to', async () => {
    const { out } = await run('--help').ended;
    const commands = out.split('\n').flatMap((line) => /^ {2}(\S+)/.exec(line)?.[1] ?? []);
    expect(commands.length).toBeGreaterThan(4);
    expect(new Set(commands).size).toBe(commands.length);
    const usages = await Promise.all(commands.map(async (command) => (await run(command, '--nonsense').ended).err));
    commands.forEach((command, index) => {
      if (command !== 'cluster') expect(usages[index]).toContain(`See kcp-ts ${command} --help`);
    });
  });
});
