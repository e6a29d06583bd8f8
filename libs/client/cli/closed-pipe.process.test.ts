import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { expect, it } from 'vitest';
import { startFakeKcp } from './fake-kcp.fixture.ts';

const bin = resolve(import.meta.dirname, '../../../bin');

const crd = `
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: things.example.com}
spec:
  group: example.com
  names: {kind: Thing, plural: things}
  scope: Namespaced
  versions:
  - {name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object}}}
`;

it.each([
  ['kubectl-ws', '.'],
  ['kubectl-kcp', 'crd', 'snapshot', '--prefix', 'v1', '-f', 'crd.yaml'],
  ['kubectl-create-workspace', 'provider'],
])('%s %s ends quietly where nobody reads what it prints', async (name, ...args) => {
  await using kcp = await startFakeKcp();
  const folder = await mkdtemp(join(tmpdir(), 'kcp-ts-pipe-'));
  try {
    const kubeconfig = join(folder, 'config');
    await writeFile(
      kubeconfig,
      `
apiVersion: v1
kind: Config
current-context: root
clusters:
- {name: root, cluster: {server: '${kcp.url}/clusters/root'}}
contexts:
- {name: root, context: {cluster: root, user: admin}}
users:
- {name: admin, user: {token: secret}}
`,
    );
    await writeFile(join(folder, 'crd.yaml'), crd);
    const child = spawn(join(bin, name), args, {
      cwd: folder,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, KUBECONFIG: kubeconfig },
    });
    child.stdout.destroy();
    let said = '';
    child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
    const end = await once(child, 'close');
    expect(said).toBe('');
    expect(end).toEqual([141, null]);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
