/** How each part of a local installation is started. */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { natsPasswordPath, pkiPath, tokenFilePath } from './credentials.ts';
import type { Layout, Part } from './layout.ts';
import { partOf, partsOf, rootShardOf, shardNameOf } from './layout.ts';
import type { Command } from './process.ts';

/** How the parts reach each other. */
export interface Wiring {
  /** What services call themselves to each other: others dial their ports there. */
  readonly host: string;
  /**
   * `host:port` where a part reaches an etcd, for its own store or for what all agree on, or NATS.
   */
  address(from: Part, to: Part, use: 'store' | 'coordination' | 'bus'): string;
}

export interface Programs {
  readonly etcd: string;
  readonly natsServer: string;
}

const kcp = programAbove(import.meta.dirname);
const host = '127.0.0.1';
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

/** Options of every service of the installation. */
function serviceArgs(layout: Layout, part: Part, wiring: Wiring): string[] {
  const { folder } = layout;
  const file = (name: string) => pkiPath(folder, name);
  return [
    ...['--root-directory', join(folder, part.name), '--bind-address', host, '--secure-port', String(part.port)],
    ...['--coordination-etcd', `http://${wiring.address(part, partOf(layout, 'etcd'), 'coordination')}`],
    ...['--nats-url', `nats://${wiring.address(part, partOf(layout, 'nats'), 'bus')}`],
    ...(wiring.host === host ? [] : ['--external-hostname', wiring.host]),
    ...['--nats-username', part.name, '--nats-password-file', natsPasswordPath(folder, part)],
    ...['--peer-ca-file', file('ca.crt'), '--peer-cert-file', file(`${part.name}.crt`)],
    ...['--peer-key-file', file(`${part.name}.key`), '--client-ca-file', join(folder, 'client-ca.crt')],
    ...['--tls-cert-file', file(`${part.name}-serving.crt`)],
    ...['--tls-private-key-file', file(`${part.name}-serving.key`)],
  ];
}

/** Of services of which there may be several. */
function nameArgs(part: Part): string[] {
  return ['--name', part.name];
}

/** Of services that others call by gRPC. */
function rpcArgs(part: Part): string[] {
  return ['--rpc-port', String(part.otherPort)];
}

function shardArgs(layout: Layout, part: Part, wiring: Wiring, more: readonly string[]): string[] {
  const externalUrl = externalUrlOf(layout);
  return [
    ...['shard', '--shard-name', shardNameOf(part), '--root-shard-name', rootShardOf(layout)],
    ...serviceArgs(layout, part, wiring),
    ...rpcArgs(part),
    ...['--etcd-servers', `http://${wiring.address(part, partOf(layout, 'etcd'), 'store')}`],
    ...['--shard-base-url', `https://${wiring.host}:${part.port}`],
    ...['--shard-external-url', externalUrl, '--shard-virtual-workspace-url', externalUrl],
    ...['--token-auth-file', tokenFilePath(layout.folder)],
    ...['--service-account-key-file', join(layout.folder, 'sa.key')],
    ...more,
  ];
}

/** Straight, on loopback. */
export const straight: Wiring = { host, address: (_from, to) => `${host}:${to.port}` };

/** `more`: flags for parts of a kind, after our own. */
export function commandOf(
  layout: Layout,
  part: Part,
  programs: Programs,
  wiring: Wiring,
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
      return { program: kcp, args: shardArgs(layout, part, wiring, extra), logFile };
    case 'cache-server':
      return {
        program: kcp,
        args: [
          part.kind,
          ...serviceArgs(layout, part, wiring),
          ...nameArgs(part),
          ...rpcArgs(part),
          '--token-auth-file',
          tokenFilePath(layout.folder),
          ...extra,
        ],
        logFile,
      };
    case 'front-proxy':
      return {
        program: kcp,
        args: [
          part.kind,
          ...serviceArgs(layout, part, wiring),
          ...nameArgs(part),
          ...['--root-shard-name', rootShardOf(layout)],
          ...extra,
        ],
        logFile,
      };
    case 'virtual-workspaces':
      return {
        program: kcp,
        args: [part.kind, ...serviceArgs(layout, part, wiring), ...nameArgs(part), ...extra],
        logFile,
      };
  }
}
