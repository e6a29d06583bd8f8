/** A server that knows a tree of workspaces and the requests the plugins make; for tests. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface FakeWorkspace {
  readonly type?: string;
  readonly phase?: string;
  readonly forbidden?: boolean;
}

export interface FakeKcp extends AsyncDisposable {
  readonly url: string;
  /** By path; `root` is always there. */
  readonly workspaces: Map<string, FakeWorkspace>;
  /** By workspace path and name. */
  readonly bindings: Map<string, Record<string, unknown>>;
  readonly authorizations: (string | undefined)[];
}

interface Answer {
  readonly code: number;
  readonly body: unknown;
}

function failure(code: number, reason: string, message: string): Answer {
  return { code, body: { kind: 'Status', apiVersion: 'v1', status: 'Failure', message, reason, code } };
}

export async function startFakeKcp(): Promise<FakeKcp> {
  const workspaces = new Map<string, FakeWorkspace>([['root', {}]]);
  const bindings = new Map<string, Record<string, unknown>>();
  const authorizations: (string | undefined)[] = [];

  function workspaceObject(path: string): unknown {
    const { type = 'root:universal', phase = 'Ready' } = workspaces.get(path) ?? {};
    const colon = type.lastIndexOf(':');
    const spec = {
      type: { path: type.slice(0, colon), name: type.slice(colon + 1) },
      URL: `http://elsewhere/clusters/${path}`,
    };
    return { metadata: { name: path.slice(path.lastIndexOf(':') + 1) }, spec, status: { phase } };
  }

  function children(path: string): readonly unknown[] {
    const below = [...workspaces.keys()].filter(
      (key) => key.startsWith(`${path}:`) && !key.slice(path.length + 1).includes(':'),
    );
    return below.map(workspaceObject);
  }

  function onWorkspaces(method: string, path: string, name: string, body: Record<string, unknown>): Answer {
    if (name === '~') return { code: 200, body: { metadata: { name: 'cluster' }, spec: { cluster: 'kvdk2spgmbix' } } };
    if (method === 'GET' && name === '') return { code: 200, body: { items: children(path), metadata: {} } };
    const metadata = body['metadata'] as { name: string } | undefined;
    const child = `${path}:${metadata?.name ?? name}`;
    if (method === 'GET') {
      // Each look makes it one step more ready.
      const found = workspaces.get(child);
      if (found === undefined) return failure(404, 'NotFound', `workspaces.tenancy.kcp.io "${name}" not found`);
      const answer = { code: 200, body: workspaceObject(child) };
      workspaces.set(child, { ...found, phase: 'Ready' });
      return answer;
    }
    if (workspaces.has(child))
      return failure(409, 'AlreadyExists', `workspaces.tenancy.kcp.io "${metadata?.name}" already exists`);
    const type = (body['spec'] as { type?: { name: string; path?: string } }).type;
    workspaces.set(child, { type: `${type?.path ?? 'root'}:${type?.name ?? 'universal'}`, phase: 'Scheduling' });
    return { code: 201, body: workspaceObject(child) };
  }

  function onBindings(method: string, path: string, name: string, body: Record<string, unknown>): Answer {
    if (method === 'GET' && name === '')
      return {
        code: 200,
        body: { items: [...bindings].filter(([key]) => key.startsWith(`${path}/`)).map(([, value]) => value) },
      };
    const metadata = body['metadata'] as { name: string } | undefined;
    const key = `${path}/${metadata?.name ?? name}`;
    if (method !== 'GET') {
      const exportPermissionClaims = [{ group: '', resource: 'configmaps', verbs: ['get', 'list'] }];
      bindings.set(key, { ...body, status: { phase: 'Bound', exportPermissionClaims } });
    }
    return bindings.has(key)
      ? { code: 200, body: bindings.get(key) }
      : failure(404, 'NotFound', `apibindings.apis.kcp.io "${name}" not found`);
  }

  function answer(method: string, url: string, body: Record<string, unknown>): Answer {
    const match = /^\/clusters\/([^/]+)(\/.*)$/.exec(url.replace(/\?.*/, ''));
    const [, path = '', rest = ''] = match ?? [];
    const known = workspaces.get(path);
    if (path === 'kvdk2spgmbix' && rest.startsWith('/apis/core.kcp.io'))
      return { code: 200, body: { metadata: { annotations: { 'kcp.io/path': 'user:kcp-admin' } } } };
    if (known === undefined && path !== 'kvdk2spgmbix') return failure(403, 'Forbidden', `access to ${path} denied`);
    if (known?.forbidden === true) return failure(403, 'Forbidden', 'access denied');
    if (rest === '/apis') return { code: 200, body: { kind: 'APIGroupList', groups: [{ name: 'tenancy.kcp.io' }] } };
    const [, group = '', , resource = '', name = ''] = /^\/apis\/([^/]+)\/([^/]+)\/([^/]+)\/?([^/]*)$/.exec(rest) ?? [];
    if (group === 'tenancy.kcp.io' && resource === 'workspaces') return onWorkspaces(method, path, name, body);
    if (group === 'apis.kcp.io' && resource === 'apibindings') return onBindings(method, path, name, body);
    return failure(404, 'NotFound', 'the server could not find the requested resource');
  }

  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    authorizations.push(request.headers.authorization);
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const text = Buffer.concat(chunks).toString('utf8');
      const { code, body } = answer(
        request.method ?? '',
        request.url ?? '',
        text === '' ? {} : (JSON.parse(text) as Record<string, unknown>),
      );
      response.writeHead(code, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    workspaces,
    bindings,
    authorizations,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
      });
    },
  };
}
