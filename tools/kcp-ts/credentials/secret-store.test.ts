import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { HttpClient } from '@kcp-ts/http';
import { expect, it } from 'vitest';
import { createSecretStore, inClusterOptions } from './secret-store.ts';

interface Request {
  readonly method: string;
  readonly url: string;
  readonly body: unknown;
}

function storeThatAnswers(...answers: readonly { readonly status: number; readonly body: unknown }[]) {
  const requests: Request[] = [];
  const rest = [...answers];
  const client: HttpClient = {
    async request(method, url, body) {
      requests.push({ method, url, body });
      const { status, body: answered } = rest.shift() ?? { status: 500, body: {} };
      return { status, headers: {}, body: JSON.stringify(answered) };
    },
    [Symbol.dispose]() {},
  };
  const labels = { 'app.kubernetes.io/name': 'kcp-ts' };
  return { store: createSecretStore({ server: 'https://api', namespace: 'kcp', labels, client }), requests };
}

const base64 = (text: string) => Buffer.from(text).toString('base64');

it('makes a Secret that is not there, with labels', async () => {
  const { store, requests } = storeThatAnswers({ status: 404, body: {} }, { status: 201, body: {} });
  expect(await store.read('ca')).toBeUndefined();
  await store.write('ca', { 'tls.crt': 'c', 'tls.key': 'k' });
  expect(requests[1]).toEqual({
    method: 'POST',
    url: 'https://api/api/v1/namespaces/kcp/secrets',
    body: {
      apiVersion: 'v1',
      kind: 'Secret',
      type: 'kubernetes.io/tls',
      metadata: { name: 'ca', labels: { 'app.kubernetes.io/name': 'kcp-ts' } },
      data: { 'tls.crt': base64('c'), 'tls.key': base64('k') },
    },
  });
});

it('replaces the version that was read', async () => {
  const there = { metadata: { name: 'nats', resourceVersion: '7' }, type: 'Opaque', data: { password: base64('old') } };
  const { store, requests } = storeThatAnswers({ status: 200, body: there }, { status: 200, body: there });
  expect(await store.read('nats')).toEqual({ password: 'old' });
  await store.write('nats', { password: 'new' });
  expect(requests[1]).toEqual({
    method: 'PUT',
    url: 'https://api/api/v1/namespaces/kcp/secrets/nats',
    body: { ...there, data: { password: base64('new') } },
  });
});

it('says why a write was refused, and nothing of what was written', async () => {
  const refused = { message: 'secrets "nats" is forbidden' };
  const { store } = storeThatAnswers({ status: 404, body: {} }, { status: 403, body: refused });
  await store.read('nats');
  const error = await store.write('nats', { password: 'hidden' }).catch((reason: unknown) => String(reason));
  expect(error).toContain('403: secrets "nats" is forbidden');
  expect(error).not.toContain('hidden');
});

it('finds the API server as client-go does', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'kcp-ts-in-cluster-'));
  try {
    for (const name of ['token', 'ca.crt', 'namespace']) await writeFile(join(folder, name), `${name}\n`);
    const environment = { KUBERNETES_SERVICE_HOST: 'fd00::1', KUBERNETES_SERVICE_PORT: '443' };
    using client = await inClusterOptions(environment, folder).then(({ server, namespace, client: opened }) => {
      expect({ server, namespace }).toEqual({ server: 'https://[fd00::1]:443', namespace: 'namespace' });
      return opened;
    });
    expect(client).toBeDefined();
    await expect(inClusterOptions({}, folder)).rejects.toThrow('give --directory');
  } finally {
    await rm(folder, { recursive: true });
  }
});
