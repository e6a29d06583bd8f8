/** What kubectl makes of the documents, served by nothing but a lookup. */
import { execFile, spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Document } from '@kcp-ts/discovery';
import { createDiscovery } from '@kcp-ts/discovery';
import { createOpenApi } from '@kcp-ts/openapi';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { builtinDefinitions, systemDefinitions } from './kinds.ts';

const run = promisify(execFile);
const hasKubectl = spawnSync('kubectl', ['version', '--client']).status === 0;

const resourceDefinitions = [...builtinDefinitions, ...systemDefinitions];
const discovery = createDiscovery(resourceDefinitions);
const openApi = createOpenApi(resourceDefinitions);

const slices = { due: false, pause: () => undefined, restart: () => undefined };

async function documentAt(path: string, accept: string): Promise<Document | undefined> {
  const [first = '', second = '', third = '', ...rest] = path.slice(1).split('/');
  if (path === '/api') return discovery.api();
  if (path === '/apis') return discovery.apis();
  if (path === '/openapi/v2') return accept.includes('protobuf') ? openApi.v2Protobuf(slices) : openApi.v2Json(slices);
  if (path === '/openapi/v3') return openApi.v3Index(slices);
  if (first === 'openapi') return openApi.v3([third, ...rest].join('/'), slices);
  return first === 'api' ? discovery.groupVersion('', second) : discovery.groupVersion(second, third);
}

const server = createServer(async (request, response) => {
  const { pathname } = new URL(request.url ?? '/', 'http://localhost');
  const document = await documentAt(pathname, request.headers.accept ?? '');
  response.writeHead(document === undefined ? 404 : 200, { 'content-type': 'application/json' });
  response.end(document?.bytes);
});

describe.skipIf(!hasKubectl)('kubectl', () => {
  let folder: string;
  let base: string[];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'kubectl-'));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    base = ['--kubeconfig', '/dev/null', '--cache-dir', folder, '--server', `http://127.0.0.1:${port}`];
  });

  afterAll(async () => {
    server.closeAllConnections();
    server.close();
    await rm(folder, { recursive: true });
  });

  async function kubectl(...words: readonly string[]): Promise<string> {
    return (await run('kubectl', [...base, ...words])).stdout;
  }

  test.each(['plaintext', 'plaintext-openapiv2'])('explains a field as %s', async (output) => {
    const text = await kubectl('explain', 'apiexports.metadata.ownerReferences', '--output', output);
    expect(text).toMatch(/KIND:\s+APIExport/);
    expect(text).toMatch(/VERSION:\s+(?:apis\.kcp\.io\/)?v1alpha2/);
    expect(text).toMatch(/blockOwnerDeletion\s+<boolean>/);
  });

  test('explains a built-in kind by its short name', async () => {
    expect(await kubectl('explain', 'quota.spec.hard')).toMatch(/FIELD: hard <map\[string\]Quantity>/);
  });

  test('lists all resources', async () => {
    const names = (await kubectl('api-resources', '--output', 'name')).trim().split('\n');
    expect(names).toEqual(
      expect.arrayContaining(['configmaps', 'leases.coordination.k8s.io', 'apibindings.apis.kcp.io']),
    );
  });
});
