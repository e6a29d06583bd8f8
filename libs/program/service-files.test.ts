import { X509Certificate } from 'node:crypto';
import { chmod, copyFile, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hashToken } from '@kcp-ts/authn';
import { createSystemRandom } from '@kcp-ts/base';
import { decodeYaml } from '@kcp-ts/http';
import { createLogger, levelOf } from '@kcp-ts/observability';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { prepareAdminTokens, writeKubeconfig } from './admin-kubeconfig.ts';
import type { CertificateDependencies } from './service-certificates.ts';
import { ensureCertificates, servingHosts } from './service-certificates.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'shard-'));
});
afterEach(() => rm(folder, { recursive: true }));

const dayMs = 86_400_000;
function deps(change: Partial<CertificateDependencies> = {}): CertificateDependencies {
  const files = { tlsCertFile: '', tlsPrivateKeyFile: '', clientCaFile: '' };
  return {
    rootDirectory: join(folder, 'root'),
    hosts: ['box', '0.0.0.0', '10.0.0.1'],
    ...files,
    nowMs: Date.now(),
    ...change,
  };
}

describe('ensureCertificates', () => {
  it('makes what a shard needs, for its owner only, and finds it again', async () => {
    const made = await ensureCertificates(deps());
    const names = await readdir(join(folder, 'root'));
    const expected = [
      'apiserver.crt',
      'apiserver.key',
      'client-ca.crt',
      'client-ca.key',
      'serving-ca.crt',
      'serving-ca.key',
    ];
    expect(names.sort()).toEqual(expected);
    for (const name of names) expect((await stat(join(folder, 'root', name))).mode & 0o777).toBe(0o600);
    const leaf = new X509Certificate(made.serving.certificate);
    expect(leaf.verify(new X509Certificate(made.servingCa).publicKey)).toBe(true);
    expect(leaf.subjectAltName?.split(', ').sort()).toEqual([
      'DNS:box',
      'DNS:localhost',
      'IP Address:0:0:0:0:0:0:0:1',
      'IP Address:10.0.0.1',
      'IP Address:127.0.0.1',
    ]);
    expect(new X509Certificate(made.clientCa).ca).toBe(true);
    expect(await ensureCertificates(deps())).toEqual(made);
  });

  it('makes a new serving certificate near its end or for another host, under the same authority', async () => {
    const first = await ensureCertificates(deps());
    const later = await ensureCertificates(deps({ nowMs: Date.now() + 340 * dayMs }));
    expect(later.serving).not.toEqual(first.serving);
    expect([later.servingCa, later.clientCa]).toEqual([first.servingCa, first.clientCa]);
    const moved = await ensureCertificates(deps({ hosts: ['other'] }));
    expect(new X509Certificate(moved.serving.certificate).checkHost('other')).toBe('other');
    expect(moved.servingCa).toBe(first.servingCa);
  });

  it.each([
    ['apiserver.key', 'broken', 'apiserver.key has no private key in PEM'],
    ['apiserver.crt', '', 'apiserver.crt has no certificate in PEM'],
    ['client-ca.crt', 'broken', 'client-ca.crt has no certificate in PEM'],
    ['serving-ca.crt', '', 'serving-ca.crt has no certificate in PEM'],
  ])('refuses a %s that says %j, with its name, and leaves it', async (name, content, message) => {
    await ensureCertificates(deps());
    const path = join(folder, 'root', name);
    await writeFile(path, content);
    await expect(ensureCertificates(deps())).rejects.toThrow(join(folder, 'root', message));
    expect(await readFile(path, 'utf8')).toBe(content);
  });

  it('refuses half a pair, and one that does not belong together', async () => {
    await ensureCertificates(deps());
    const root = join(folder, 'root');
    await copyFile(join(root, 'serving-ca.key'), join(root, 'apiserver.key'));
    await expect(ensureCertificates(deps())).rejects.toThrow('apiserver.key is not the key of');
    await rm(join(root, 'apiserver.crt'));
    await expect(ensureCertificates(deps())).rejects.toThrow(`${join(root, 'apiserver.crt')} is gone, and`);
    await rm(join(root, 'apiserver.key'));
    await ensureCertificates(deps());
  });

  it("refuses the operator's files by their names", async () => {
    const broken = join(folder, 'broken.pem');
    await writeFile(broken, 'broken');
    for (const flags of [{ clientCaFile: broken }, { tlsCertFile: broken, tlsPrivateKeyFile: broken }])
      await expect(ensureCertificates(deps(flags))).rejects.toThrow(`${broken} has no `);
  });

  it("takes the operator's files as they are", async () => {
    const { serving, clientCa } = await ensureCertificates(deps());
    const root = join(folder, 'root');
    const own = {
      tlsCertFile: join(root, 'apiserver.crt'),
      tlsPrivateKeyFile: join(root, 'apiserver.key'),
      clientCaFile: join(root, 'client-ca.crt'),
    };
    const taken = await ensureCertificates(deps({ ...own, rootDirectory: join(folder, 'second') }));
    expect(taken).toMatchObject({ serving, servingCa: serving.certificate, clientCa });
    expect((await readdir(folder)).includes('second')).toBe(false);
    await expect(ensureCertificates(deps({ clientCaFile: join(folder, 'none') }))).rejects.toThrow('ENOENT');
  });

  it('leaves the wildcard addresses out of the names', () => {
    expect(servingHosts(['::', '0.0.0.0', '', 'Box', 'localhost'])).toEqual(['localhost', '127.0.0.1', '::1', 'box']);
  });
});

describe('the kubeconfig', () => {
  const random = createSystemRandom();
  const paths = () => ({
    kubeconfigPath: join(folder, 'admin.kubeconfig'),
    authenticationAdminTokenPath: join(folder, '.admin-token-store'),
  });
  const start = async (batteriesIncluded: string[] = ['admin']) => {
    const tokens = await prepareAdminTokens({ ...paths(), batteriesIncluded, random });
    const { kubeconfigPath } = paths();
    await writeKubeconfig({ path: kubeconfigPath, externalUrl: 'https://box:6443', servingCa: 'PEM', tokens });
    return tokens;
  };

  it('has the clusters, contexts and users of kcp', async () => {
    const tokens = await start();
    const { kubeconfigPath } = paths();
    expect((await stat(kubeconfigPath)).mode & 0o777).toBe(0o600);
    const ca = Buffer.from('PEM').toString('base64');
    const cluster = (name: string, server: string) => ({ name, cluster: { server, 'certificate-authority-data': ca } });
    expect(decodeYaml(await readFile(kubeconfigPath), { strict: true }).value).toEqual({
      apiVersion: 'v1',
      kind: 'Config',
      preferences: {},
      'current-context': 'root',
      clusters: [
        cluster('base', 'https://box:6443'),
        cluster('root', 'https://box:6443/clusters/root'),
        cluster('system:admin', 'https://box:6443/clusters/system:admin'),
      ],
      contexts: [
        { name: 'base', context: { cluster: 'base', user: 'kcp-admin' } },
        { name: 'root', context: { cluster: 'root', user: 'kcp-admin' } },
        { name: 'shard-base', context: { cluster: 'base', user: 'shard-admin' } },
        { name: 'system:admin', context: { cluster: 'system:admin', user: 'shard-admin' } },
      ],
      users: [
        { name: 'kcp-admin', user: { token: tokens.kcpAdmin } },
        { name: 'shard-admin', user: { token: tokens.shardAdmin } },
      ],
    });
  });

  it('keeps the shard-admin token over restarts and changes the others', async () => {
    const first = await start(['admin', 'user']);
    const second = await start(['admin', 'user']);
    expect(second.shardAdmin).toBe(first.shardAdmin);
    expect(second.kcpAdmin).not.toBe(first.kcpAdmin);
    expect(second.user).not.toBe(first.user);
    expect(second.hashed.map(({ user }) => [user.name, user.groups])).toEqual([
      ['kcp-admin', ['system:kcp:admin', 'system:authenticated']],
      ['shard-admin', ['system:masters', 'system:authenticated']],
      ['user', ['system:authenticated']],
    ]);
    expect(await readFile(paths().authenticationAdminTokenPath)).toEqual(Buffer.from(hashToken(first.shardAdmin)));
  });

  it('does not believe a shard-admin token that does not fit the stored hash', async () => {
    await start();
    await writeFile(paths().authenticationAdminTokenPath, hashToken('another'));
    await expect(start()).rejects.toThrow(
      /admin token in file ".*admin\.kubeconfig" is not valid anymore\. Remove file ".*\.admin-token-store"/,
    );
  });

  it('makes a new shard-admin token when the kubeconfig is gone or broken', async () => {
    const first = await start();
    await writeFile(paths().kubeconfigPath, 'a: [');
    const second = await start();
    expect(second.shardAdmin).not.toBe(first.shardAdmin);
    await chmod(paths().kubeconfigPath, 0o600);
    expect((await start()).shardAdmin).toBe(second.shardAdmin);
  });
});

describe('the log', () => {
  it('is JSON lines without secrets', () => {
    const lines: string[] = [];
    const logger = createLogger(2, { write: (line) => lines.push(line) });
    logger.info({ token: 't0p', request: { headers: { authorization: 'Bearer t0p' } }, user: 'ann' }, 'asked');
    logger.debug('not shown');
    expect(lines).toHaveLength(1);
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ level: 'info', msg: 'asked', user: 'ann', token: '[secret]' });
    expect(lines[0]).not.toContain('t0p');
  });

  it('shows more with a higher verbosity', () => {
    expect([0, 1, 2, 4, 5, 6, 10].map(levelOf)).toEqual(['warn', 'info', 'info', 'debug', 'debug', 'trace', 'trace']);
  });
});
