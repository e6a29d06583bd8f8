/**
 * What a service shows etcd and NATS is renewed while it runs: a real etcd and a real NATS that
 * take the new alone from some moment on, and a service that is told by its files only.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Clock } from '@kcp-ts/base';
import { createReloads, createSystemClock } from '@kcp-ts/base';
import { createHttpClient } from '@kcp-ts/http';
import { createLogger } from '@kcp-ts/observability';
import type { TestAuthority, TestCertificate } from '@kcp-ts/testing';
import { createTestAuthority, missingProgram, patience, startEtcd, startNats } from '@kcp-ts/testing';
import { expect, it } from 'vitest';
import type { InstallationConfig } from './connections.ts';
import { followPeerTls, openConnections } from './connections.ts';

const system = createSystemClock();
const host = '127.0.0.1';
const missing = missingProgram('etcd') ?? missingProgram('natsServer');
const soon = { ...patience, interval: 50 };

/** Files are read again by order alone: their timer is for hours. */
const clock: Clock = {
  ...system,
  setTimer: (ms, run) => system.setTimer(ms === 10_000 ? 3_600_000 : ms, run),
};

async function openFolder() {
  const path = await mkdtemp(join(tmpdir(), 'renewal-'));
  const file = (name: string) => join(path, name);
  const write = (name: string, text: string) => writeFile(file(name), text, { mode: 0o600 });
  return {
    file,
    write,
    async writePair(name: string, { certificate, privateKey }: TestCertificate) {
      await write(`${name}.crt`, certificate);
      await write(`${name}.key`, privateKey);
    },
    [Symbol.asyncDispose]: () => rm(path, { recursive: true }),
  };
}

type Folder = Awaited<ReturnType<typeof openFolder>>;

/** Without a name: etcd would take it for a user's. */
const forEtcd = (authority: TestAuthority) => authority.issue('O=services');

const pairOf = (authority: TestAuthority, { certificate: cert, privateKey: key }: TestCertificate) => ({
  ca: authority.certificate,
  cert,
  key,
});

function configOf({ file }: Folder, etcd: string, nats: string): InstallationConfig {
  return {
    coordinationEtcd: [etcd],
    etcdCafile: file('etcd-ca.crt'),
    etcdCertfile: file('etcd.crt'),
    etcdKeyfile: file('etcd.key'),
    etcdUsername: 'root',
    etcdPasswordFile: file('etcd-password'),
    natsUrl: [nats],
    natsUsername: 'shard',
    natsPasswordFile: file('nats-password'),
    natsCafile: file('nats-ca.crt'),
    natsCertfile: file('nats.crt'),
    natsKeyfile: file('nats.key'),
    peerCaFile: file('peer-ca.crt'),
    peerCertFile: file('peer.crt'),
    peerKeyFile: file('peer.key'),
  };
}

const natsUser = (password: string) => ({ user: 'shard', password });

async function begin() {
  await using stack = new AsyncDisposableStack();
  const folder = stack.use(await openFolder());
  const { file, write, writePair } = folder;
  const authority = await createTestAuthority('first');
  for (const name of ['etcd-ca.crt', 'nats-ca.crt', 'peer-ca.crt', 'server-ca.crt'])
    await write(name, authority.certificate);
  for (const name of ['etcd', 'nats', 'server']) await writePair(name, await forEtcd(authority));
  await writePair('peer', await authority.issue('CN=system:kcp:service:shard:a, O=system:kcp:services'));
  await write('etcd-password', 'first\n');
  await write('nats-password', 'first\n');
  const tls = { caFile: file('server-ca.crt'), certFile: file('server.crt'), keyFile: file('server.key') };
  const etcd = stack.use(await startEtcd({ tls, rootPassword: 'first' }));
  const servingNats = pairOf(authority, await authority.issue('CN=nats'));
  const nats = stack.use(await startNats({ tls: servingNats, users: [natsUser('first')] }));
  const config = configOf(folder, etcd.endpoint, `tls://${host}:${nats.port}`);
  const reloads = createReloads();
  const log = createLogger(0, { write: () => undefined });
  const follow = { clock, log, reloads };
  const shown = stack.use(await followPeerTls(config, follow, () => undefined));
  const connections = stack.use(await openConnections({ ...follow, config, name: 'a', tls: shown }));
  let announced = 0;
  const all = stack.move();
  return {
    authority,
    folder,
    etcd,
    nats,
    reloads,
    connections,
    /** Writes to etcd, and sees that others would read it. */
    async announce() {
      const name = `proxy-${announced++}`;
      await connections.membership.announce({ kind: 'front-proxy', name, baseUrl: 'https://a' });
    },
    [Symbol.asyncDispose]: () => all[Symbol.asyncDispose](),
  };
}

if (missing === undefined) {
  it('a new password for etcd is taken at the next login', { timeout: 60_000 }, async () => {
    await using parts = await begin();
    const { authority, folder, etcd, reloads } = parts;
    await parts.announce();
    const { certificate: cert, privateKey: key } = await forEtcd(authority);
    using root = createHttpClient({ ca: authority.certificate, cert, key });
    const { body } = await root.request('POST', `${etcd.endpoint}/v3/auth/authenticate`, {
      name: 'root',
      password: 'first',
    });
    const { token: authorization } = JSON.parse(body) as { token: string };
    using signedIn = createHttpClient({ ca: authority.certificate, cert, key, headers: { authorization } });
    const changed = await signedIn.request('POST', `${etcd.endpoint}/v3/auth/user/changepw`, {
      name: 'root',
      password: 'second',
    });
    expect(changed).toMatchObject({ status: 200 });
    // The former token is worth nothing any more, and neither is the password that it came from.
    await expect(parts.announce()).rejects.toThrow();
    await folder.write('etcd-password', 'second\n');
    await reloads.order();
    await parts.announce();
  });

  it('a new certificate for etcd, of a new authority, is taken for the next connection', {
    timeout: 60_000,
  }, async () => {
    await using parts = await begin();
    const { authority, folder, etcd, reloads } = parts;
    await parts.announce();
    const next = await createTestAuthority('second');
    // Both are believed before either end shows the new one.
    await folder.write('etcd-ca.crt', `${authority.certificate}\n${next.certificate}`);
    await folder.writePair('etcd', await forEtcd(next));
    await reloads.order();
    await etcd.kill();
    await folder.write('server-ca.crt', next.certificate);
    await folder.writePair('server', await forEtcd(next));
    await etcd.restart();
    await expect.poll(() => parts.announce().then(() => 'there', String), soon).toBe('there');
  });

  it('a new password and certificate for NATS are taken when the connection is made again', {
    timeout: 60_000,
  }, async () => {
    await using parts = await begin();
    const { authority, folder, nats, reloads, connections } = parts;
    const { bus } = connections;
    await expect.poll(() => bus.state(), soon).toBe('up');
    const next = await createTestAuthority('second');
    await folder.write('nats-password', 'second\n');
    await folder.write('nats-ca.crt', `${authority.certificate}\n${next.certificate}`);
    await folder.writePair('nats', await forEtcd(next));
    await reloads.order();
    const serving = pairOf(next, await next.issue('CN=nats'));
    await nats.restartWith({ tls: serving, users: [natsUser('second')] });
    let received = 0;
    using _follows = await bus.subscribe('a.*', { message: () => void received++, gap: () => undefined });
    const publish = () =>
      bus.publish('a.b', Buffer.from('c')).then(
        () => received > 0,
        () => false,
      );
    await expect.poll(publish, soon).toBe(true);
  });

  it('what a service shows the others is taken, half of a pair never', { timeout: 60_000 }, async () => {
    await using parts = await begin();
    const { authority, folder, reloads, connections } = parts;
    const before = connections.tls.current();
    const renewed = await authority.issue('CN=system:kcp:service:shard:a, O=system:kcp:services');
    await folder.write('peer.crt', renewed.certificate);
    await reloads.order();
    expect(connections.tls.current()).toBe(before);
    await folder.write('peer.key', renewed.privateKey);
    await reloads.order();
    expect(connections.tls.current()).toEqual(pairOf(authority, renewed));
  });
} else it.skip(`renewal of what etcd and NATS are shown: ${missing}`, () => undefined);
