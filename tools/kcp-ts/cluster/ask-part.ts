/** What a part of a local installation says of itself over HTTP, as an administrator asks. */
import { readFile } from 'node:fs/promises';
import type { HttpClient } from '@kcp-ts/http';
import { createHttpClient } from '@kcp-ts/http';
import { administratorToken, pkiPath } from './credentials.ts';
import type { Part } from './layout.ts';

const answerMs = 3_000;

/** Trusts the installation and shows it the token of its shard-admin. */
export async function administratorClient(folder: string): Promise<HttpClient> {
  const [ca, token] = await Promise.all([
    readFile(pkiPath(folder, 'ca.crt'), 'utf8'),
    administratorToken(folder, 'shard-admin'),
  ]);
  const services = createHttpClient({ ca, token, timeout: answerMs });
  // etcd has no use for the token, and is asked in the clear.
  const etcd = createHttpClient({ timeout: answerMs });
  return {
    request: (method, url, body) => (url.startsWith('https:') ? services : etcd).request(method, url, body),
    [Symbol.dispose]() {
      services[Symbol.dispose]();
      etcd[Symbol.dispose]();
    },
  };
}

/** Undefined for what answers no such path. */
export function urlOf({ kind, port }: Pick<Part, 'kind' | 'port'>, path: string): string | undefined {
  if (kind === 'nats') return undefined;
  if (kind === 'etcd')
    return path === '/readyz?verbose' ? `http://127.0.0.1:${port}/health` : `http://127.0.0.1:${port}${path}`;
  return `https://127.0.0.1:${port}${path}`;
}

export interface PartReport {
  /** `yes`, `no`, or `-` where it does not say. */
  readonly ready: string;
  /** Of a shard: `owner` or `standby`, and how far a standby is behind. */
  readonly role: string;
  readonly version: string;
}

const nothingKnown: PartReport = { ready: '-', role: '-', version: '-' };

async function textAt(
  client: HttpClient,
  url: string | undefined,
): Promise<{ status: number; body: string } | undefined> {
  return url === undefined ? undefined : client.request('GET', url).catch(() => undefined);
}

/**
 * The role in the line of the check `role`: `[+]role ok: owner`, `[-]role failed: standby, and …`.
 */
function roleIn(verbose: string): string {
  const line = verbose.split('\n').find((each) => /^\[[+-]\]role /.test(each)) ?? '';
  const [, role = '-'] = /(owner|standby)/.exec(line) ?? [];
  const [, seconds] = /complete as of (\d+\.\d+ s) ago/.exec(line) ?? [];
  return seconds === undefined ? role : `${role} (${seconds} behind)`;
}

function versionIn(part: Pick<Part, 'kind'>, body: string): string {
  try {
    const said = JSON.parse(body) as { readonly gitVersion?: string; readonly etcdserver?: string };
    return (part.kind === 'etcd' ? said.etcdserver : said.gitVersion) ?? '-';
  } catch {
    return '-';
  }
}

/** Of a part that runs. */
export async function askPart(client: HttpClient, part: Pick<Part, 'kind' | 'port'>): Promise<PartReport> {
  if (part.kind === 'nats') return nothingKnown;
  const [ready, version] = await Promise.all([
    textAt(client, urlOf(part, '/readyz?verbose')),
    textAt(client, urlOf(part, '/version')),
  ]);
  if (ready === undefined) return { ...nothingKnown, ready: 'no' };
  return {
    ready: ready.status === 200 ? 'yes' : 'no',
    role: part.kind === 'shard' ? roleIn(ready.body) : '-',
    version: versionIn(part, version?.body ?? ''),
  };
}
