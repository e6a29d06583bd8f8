/**
 * From a service's flags to what it shares with the others: certificates, the membership, the bus.
 */
import { readFile } from 'node:fs/promises';
import type { Clock, FollowDependencies, Live, Reloads } from '@kcp-ts/base';
import { authoritiesIn, checkKeyPair, followLive } from '@kcp-ts/base';
import type { Bus } from '@kcp-ts/bus';
import { connectNats } from '@kcp-ts/bus';
import type { EtcdMetrics, EtcdOptions } from '@kcp-ts/etcd';
import { createEtcdClient } from '@kcp-ts/etcd';
import type { installationOptions, OptionValues } from '@kcp-ts/flags';
import type { Logger } from 'pino';
import { openEtcdMembership } from './etcd-membership.ts';
import type { Membership } from './membership.ts';

/** The flags of a service that belongs to an installation. */
export type InstallationConfig = OptionValues<typeof installationOptions>;

/** PEM texts of what services show each other. */
export interface PeerTls {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

/** Where the membership lies in the coordination etcd. */
const membershipPrefix = '/kcp/register';

async function textOf(path: string): Promise<string | undefined> {
  return path === '' ? undefined : (await readFile(path, 'utf8')).trimEnd();
}

/** PEM texts that are checked; undefined where no authorities are given. */
async function checkedTls(ca: string, crt: string, key: string): Promise<Partial<PeerTls> & { readonly ca: string }> {
  const authorities = await readFile(ca, 'utf8');
  authoritiesIn(authorities, ca);
  if (crt === '' || key === '') return { ca: authorities };
  const [certificate, privateKey] = await Promise.all([readFile(crt, 'utf8'), readFile(key, 'utf8')]);
  checkKeyPair({ certificate, privateKey }, { crt, key });
  return { ca: authorities, cert: certificate, key: privateKey };
}

/** How the flags say that etcd is reached, read again when the files change. */
export async function followEtcdOptions(
  config: InstallationConfig,
  endpoints: readonly string[],
  follow: FollowDependencies,
  observe?: EtcdOptions['observe'],
): Promise<EtcdOptions & Disposable> {
  const { etcdCafile: ca, etcdCertfile: crt, etcdKeyfile: key, etcdUsername: username, etcdPasswordFile } = config;
  const opened = new DisposableStack();
  const tls =
    ca === ''
      ? undefined
      : opened.use(
          await followLive({
            ...follow,
            what: 'the certificates for etcd',
            paths: [ca, crt, key],
            read: () => checkedTls(ca, crt, key),
          }),
        );
  const password =
    username === '' ? undefined : opened.use(await followPassword('the password for etcd', etcdPasswordFile, follow));
  return {
    endpoints,
    observe,
    ...(tls === undefined ? {} : { tls }),
    ...(password === undefined ? {} : { username, password: password.current }),
    [Symbol.dispose]: () => opened[Symbol.dispose](),
  };
}

function followPassword(what: string, path: string, follow: FollowDependencies): Promise<Live<string> & Disposable> {
  return followLive({ ...follow, what, paths: [path], read: async () => (await textOf(path)) ?? '' });
}

/**
 * What services show each other, read again when the files change. `check` throws for a
 * certificate that is not this service's.
 */
export function followPeerTls(
  { peerCaFile: ca, peerCertFile: crt, peerKeyFile: key }: InstallationConfig,
  follow: FollowDependencies,
  check: (certificate: string) => void,
): Promise<Live<PeerTls> & Disposable> {
  return followLive({
    ...follow,
    what: 'what this service shows the others',
    paths: [ca, crt, key],
    async read() {
      const { ca: authorities, cert = '', key: privateKey = '' } = await checkedTls(ca, crt, key);
      if (cert !== '') check(cert);
      return { ca: authorities, cert, key: privateKey };
    },
  });
}

export interface Connections extends AsyncDisposable {
  readonly tls: Live<PeerTls>;
  readonly membership: Membership;
  readonly bus: Bus;
}

export interface ConnectionDependencies {
  readonly config: InstallationConfig;
  /** Shown to NATS. */
  readonly name: string;
  readonly tls: Live<PeerTls>;
  readonly clock: Clock;
  readonly log: Logger;
  readonly reloads?: Reloads | undefined;
  readonly etcdMetrics?: EtcdMetrics | undefined;
}

async function openNats(deps: ConnectionDependencies): Promise<Bus> {
  const { config, name, clock, log } = deps;
  const { natsCafile: ca, natsCertfile: crt, natsKeyfile: key, natsUsername: username, natsPasswordFile } = config;
  await using opened = new AsyncDisposableStack();
  const read = () => checkedTls(ca, crt, key);
  const what = 'the certificates for NATS';
  const tls = ca === '' ? undefined : opened.use(await followLive({ ...deps, what, paths: [ca, crt, key], read }));
  const password =
    username === '' ? undefined : opened.use(await followPassword('the password for NATS', natsPasswordFile, deps));
  const bus = opened.use(
    connectNats({
      servers: config.natsUrl,
      name,
      clock,
      tls,
      ...(password === undefined ? {} : { username, password: password.current }),
      onState: (up, detail) => log.info({ up, detail }, 'nats'),
    }),
  );
  const all = opened.move();
  return {
    messageBytesMax: bus.messageBytesMax,
    state: () => bus.state(),
    publish: (subject, bytes) => bus.publish(subject, bytes),
    subscribe: (pattern, handlers) => bus.subscribe(pattern, handlers),
    [Symbol.asyncDispose]: () => all[Symbol.asyncDispose](),
  };
}

/** Resolves when the membership has been read; NATS may come later. */
export async function openConnections(deps: ConnectionDependencies): Promise<Connections> {
  const { config, clock, tls } = deps;
  await using opened = new AsyncDisposableStack();
  const observe = deps.etcdMetrics?.of('membership');
  const etcd = opened.use(await followEtcdOptions(config, config.coordinationEtcd, deps, observe));
  const client = opened.use(createEtcdClient(etcd));
  const membership = opened.use(await openEtcdMembership({ client, prefix: membershipPrefix, clock }));
  const bus = opened.use(await openNats(deps));
  const all = opened.move();
  return { tls, membership, bus, [Symbol.asyncDispose]: () => all[Symbol.asyncDispose]() };
}

/**
 * The names of the shards in the membership, for a program that starts services and is none itself.
 */
export async function listMemberShards(endpoint: string, clock: Clock): Promise<readonly string[]> {
  using client = createEtcdClient({ endpoints: [endpoint] });
  await using membership = await openEtcdMembership({ client, prefix: membershipPrefix, clock });
  return membership.current().shards.map(({ name }) => name);
}
