/** How each part of a local installation is started. */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { natsPasswordPath, pkiPath, tokenFilePath } from './credentials.ts';
import type { Layout, Part } from './layout.ts';
import { partOf, partsOf, shardNameOf } from './layout.ts';
import type { Command } from './process.ts';

export interface Programs {
  readonly etcd: string;
  readonly natsServer: string;
}

const kcp = programAbove(import.meta.dirname);
const host = '127.0.0.1';
/** The shard that holds the workspace root. */
export const rootShard = 'shard-1';
const etcdQuotaBytes = 8 * 1024 ** 3;

/** The program of the folders above, which differ between the sources and what is built of them. */
function programAbove(folder: string): string {
  const path = join(folder, 'bin/kcp-ts');
  return existsSync(path) || dirname(folder) === folder ? path : programAbove(dirname(folder));
}

/** Where clients reach an installation: its first front-proxy. */
export function externalUrlOf(layout: Layout): string {
  return `https://${host}:${partsOf(layout, 'front-proxy')[0]?.port ?? 0}`;
}

export function natsConfigPath(folder: string): string {
  return join(folder, 'nats', 'nats-server.conf');
}

function etcdArgs(layout: Layout, part: Part): string[] {
  const peers = `http://${host}:${part.otherPort}`;
  const clients = `http://${host}:${part.port}`;
  return [
    ...['--name', 'kcp', '--data-dir', join(layout.folder, 'etcd')],
    ...['--listen-client-urls', clients, '--advertise-client-urls', clients],
    ...['--listen-peer-urls', peers, '--initial-advertise-peer-urls', peers, '--initial-cluster', `kcp=${peers}`],
    ...['--quota-backend-bytes', String(etcdQuotaBytes), '--log-level', 'warn'],
  ];
}

/** What every service of the installation is told. */
function serviceArgs(layout: Layout, part: Part): string[] {
  const { folder } = layout;
  const file = (name: string) => pkiPath(folder, name);
  return [
    ...['--root-directory', join(folder, part.name), '--bind-address', host, '--secure-port', String(part.port)],
    ...['--rpc-port', String(part.otherPort)],
    ...['--coordination-etcd', `http://${host}:${partOf(layout, 'etcd').port}`],
    ...['--nats-url', `nats://${host}:${partOf(layout, 'nats').port}`],
    ...['--nats-username', part.name, '--nats-password-file', natsPasswordPath(folder, part)],
    ...['--peer-ca-file', file('ca.crt'), '--peer-cert-file', file(`${part.name}.crt`)],
    ...['--peer-key-file', file(`${part.name}.key`), '--client-ca-file', join(folder, 'client-ca.crt')],
    ...['--tls-cert-file', file(`${part.name}-serving.crt`)],
    ...['--tls-private-key-file', file(`${part.name}-serving.key`)],
  ];
}

function shardArgs(layout: Layout, part: Part, more: readonly string[]): string[] {
  const externalUrl = externalUrlOf(layout);
  return [
    ...['shard', '--shard-name', shardNameOf(part), '--root-shard-name', rootShard],
    ...serviceArgs(layout, part),
    ...['--etcd-servers', `http://${host}:${partOf(layout, 'etcd').port}`],
    ...['--shard-base-url', `https://${host}:${part.port}`],
    ...['--shard-external-url', externalUrl, '--shard-virtual-workspace-url', externalUrl],
    ...['--token-auth-file', tokenFilePath(layout.folder)],
    ...['--service-account-key-file', join(layout.folder, 'sa.key')],
    ...more,
  ];
}

/** `more`: flags for parts of a kind, after our own. */
export function commandOf(
  layout: Layout,
  part: Part,
  programs: Programs,
  more: Readonly<Partial<Record<Part['kind'], readonly string[]>>> = {},
): Command {
  const logFile = join(layout.folder, 'logs', `${part.name}.log`);
  const extra = more[part.kind] ?? [];
  switch (part.kind) {
    case 'etcd':
      return { program: programs.etcd, args: [...etcdArgs(layout, part), ...extra], logFile };
    case 'nats':
      return { program: programs.natsServer, args: ['-c', natsConfigPath(layout.folder), ...extra], logFile };
    case 'shard':
      return { program: kcp, args: shardArgs(layout, part, extra), logFile };
    case 'cache-server':
      return {
        program: kcp,
        args: [part.kind, ...serviceArgs(layout, part), '--token-auth-file', tokenFilePath(layout.folder), ...extra],
        logFile,
      };
    case 'front-proxy':
      return {
        program: kcp,
        args: [part.kind, ...serviceArgs(layout, part), '--root-shard-name', rootShard, ...extra],
        logFile,
      };
    case 'virtual-workspaces':
      return { program: kcp, args: [part.kind, ...serviceArgs(layout, part), ...extra], logFile };
  }
}
