/** What `docs/operations/credentials.md` shows is made, and a server starts with it. */
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createHttpClient } from '@kcp-ts/http';
import { load } from 'js-yaml';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { RunningProgram } from '../harness/program.ts';
import { endPrograms, runProgram } from '../harness/program.ts';

const page = resolve(import.meta.dirname, '../../docs/operations/credentials.md');
const started: RunningProgram[] = [];
let folder: string;

async function makeCredentials(): Promise<string> {
  const run = runProgram(['credentials', '--config', join(folder, 'credentials.yaml'), '--directory', folder]);
  const { code, err } = await run.ended;
  expect(code, err).toBe(0);
  return err;
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kcp-ts-credentials-'));
  const [, example = ''] = /```yaml\n([^`]*)```/.exec(await readFile(page, 'utf8')) ?? [];
  await writeFile(join(folder, 'credentials.yaml'), example);
});
afterAll(async () => {
  await endPrograms(started);
  await rm(folder, { recursive: true });
});

it('makes each once, readable by its owner, and says no secret', async () => {
  const first = await makeCredentials();
  expect(first).toContain('"written":7');
  const { mode } = await stat(join(folder, 'ca/tls.key'));
  expect((mode & 0o777).toString(8)).toBe('600');
  const password = await readFile(join(folder, 'nats-shard-root/password'), 'utf8');
  expect(first).not.toContain(password);
  expect(await makeCredentials()).toContain('"written":0');
});

it('makes what a server starts with, and who its administrators are', async () => {
  const pair = ['--tls-cert-file', join(folder, 'shard-root/tls.crt')];
  const server = runProgram([
    ...['start', '--root-directory', join(folder, 'data'), '--secure-port', '0', '--bind-address', '127.0.0.1'],
    ...[...pair, '--tls-private-key-file', join(folder, 'shard-root/tls.key')],
    ...['--service-account-key-file', join(folder, 'service-accounts/sa.pub')],
    ...['--service-account-signing-key-file', join(folder, 'service-accounts/sa.key')],
    ...['--token-auth-file', join(folder, 'tokens/tokens.csv')],
  ]);
  started.push(server);
  const [url = ''] = /https:\/\/[^;]+/.exec(await server.ready) ?? [];
  const kubeconfig = load(await readFile(join(folder, 'admin-kubeconfig/kubeconfig'), 'utf8')) as {
    readonly clusters: readonly { readonly cluster: Readonly<Record<string, string>> }[];
    readonly users: readonly { readonly user: { readonly token: string } }[];
  };
  const ca = Buffer.from(kubeconfig.clusters[0]?.cluster['certificate-authority-data'] ?? '', 'base64').toString();
  using client = createHttpClient({ ca, token: kubeconfig.users[0]?.user.token });
  const { status, body } = await client.request('GET', `${url}/clusters/root/apis/tenancy.kcp.io/v1alpha1/workspaces`);
  expect({ status, body }).toMatchObject({ status: 200 });
});

it('ends with 2 and the place where the file is wrong', async () => {
  await writeFile(
    join(folder, 'wrong.yaml'),
    'apiVersion: credentials.kcp-ts.io/v1alpha1\ncredentials: [{kind: Key}]\n',
  );
  const { code, err } = await runProgram(['credentials', '--config', join(folder, 'wrong.yaml')]).ended;
  expect(code).toBe(2);
  expect(err).toContain('credentials[0].kind must be one of Authority, Certificate');
});
