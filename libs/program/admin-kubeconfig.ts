/**
 * The administrators' way in: bearer tokens and the kubeconfig that holds them, laid out as kcp
 * does.
 */
import { timingSafeEqual } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { HashedToken } from '@kcp-ts/authn';
import { adminGroup, authenticatedGroup, hashToken, mastersGroup } from '@kcp-ts/authn';
import type { Random } from '@kcp-ts/base';
import { readFileIfThere, writePrivateFile } from '@kcp-ts/base';
import { decodeYaml, formatYaml } from '@kcp-ts/http';

export interface AdminTokens {
  /** Every start makes a new one. */
  readonly kcpAdmin: string;
  /** Kept over restarts: it stays in the kubeconfig, its hash in the token store. */
  readonly shardAdmin: string;
  /** Of the battery `user`. */
  readonly user: string | undefined;
  /** For the authenticator. */
  readonly hashed: readonly HashedToken[];
}

export interface AdminTokenDependencies {
  readonly kubeconfigPath: string;
  readonly authenticationAdminTokenPath: string;
  readonly batteriesIncluded: readonly string[];
  readonly random: Random;
}

function recordOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}

function decoded(kubeconfig: string): unknown {
  try {
    return decodeYaml(Buffer.from(kubeconfig), { strict: false }).value;
  } catch {
    return undefined;
  }
}

/** The token of a user in a kubeconfig's text; undefined when there is none to be found. */
function tokenIn(kubeconfig: string, user: string): string | undefined {
  const users = recordOf(decoded(kubeconfig))['users'];
  if (!Array.isArray(users)) return undefined;
  const entry = users.map(recordOf).find((candidate) => candidate['name'] === user);
  const token = recordOf(entry?.['user'])['token'];
  return typeof token === 'string' && token !== '' ? token : undefined;
}

async function readStore(path: string): Promise<Uint8Array | undefined> {
  return (await readFileIfThere(path)) === undefined ? undefined : readFile(path);
}

async function shardAdminToken({
  kubeconfigPath,
  authenticationAdminTokenPath: tokenStorePath,
  random,
}: AdminTokenDependencies): Promise<string> {
  const stored = await readStore(tokenStorePath);
  const kubeconfig = await readFileIfThere(kubeconfigPath);
  const token = kubeconfig === undefined ? undefined : tokenIn(kubeconfig, 'shard-admin');
  if (stored === undefined || token === undefined) {
    const made = random.uuid();
    await writePrivateFile(tokenStorePath, hashToken(made));
    return made;
  }
  const hash = hashToken(token);
  if (stored.length !== hash.length || !timingSafeEqual(stored, hash)) {
    throw new Error(
      `admin token in file ${JSON.stringify(kubeconfigPath)} is not valid anymore. Remove file ${JSON.stringify(tokenStorePath)} and restart kcp`,
    );
  }
  return token;
}

/** Makes or finds the administrators' tokens. Rejects when the kept one does not fit its hash. */
export async function prepareAdminTokens(deps: AdminTokenDependencies): Promise<AdminTokens> {
  const { random, batteriesIncluded: batteries } = deps;
  const shardAdmin = await shardAdminToken(deps);
  const kcpAdmin = random.uuid();
  const user = batteries.includes('user') ? random.uuid() : undefined;
  const hashed = (token: string, name: string, groups: readonly string[]): HashedToken => ({
    sha256: hashToken(token),
    user: { name, uid: random.uuid(), groups: [...groups, authenticatedGroup] },
  });
  return {
    kcpAdmin,
    shardAdmin,
    user,
    hashed: [
      hashed(kcpAdmin, 'kcp-admin', [adminGroup]),
      hashed(shardAdmin, 'shard-admin', [mastersGroup]),
      ...(user === undefined ? [] : [hashed(user, 'user', [])]),
    ],
  };
}

export interface KubeconfigDependencies {
  readonly path: string;
  /** Without a path and without a slash at the end. */
  readonly externalUrl: string;
  /** PEM. */
  readonly servingCa: string;
  readonly tokens: AdminTokens;
}

export async function writeKubeconfig({ path, externalUrl, servingCa, tokens }: KubeconfigDependencies): Promise<void> {
  const authority = Buffer.from(servingCa).toString('base64');
  const cluster = (name: string, suffix: string) => ({
    name,
    cluster: { server: `${externalUrl}${suffix}`, 'certificate-authority-data': authority },
  });
  const context = (name: string, clusterName: string, user: string) => ({
    name,
    context: { cluster: clusterName, user },
  });
  const account = (name: string, token: string) => ({ name, user: { token } });
  const kubeconfig = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [
      cluster('base', ''),
      cluster('root', '/clusters/root'),
      cluster('system:admin', '/clusters/system:admin'),
    ],
    contexts: [
      context('base', 'base', 'kcp-admin'),
      context('root', 'root', 'kcp-admin'),
      context('shard-base', 'base', 'shard-admin'),
      context('system:admin', 'system:admin', 'shard-admin'),
      ...(tokens.user === undefined ? [] : [context('user', 'root', 'user')]),
    ],
    'current-context': 'root',
    preferences: {},
    users: [
      account('kcp-admin', tokens.kcpAdmin),
      account('shard-admin', tokens.shardAdmin),
      ...(tokens.user === undefined ? [] : [account('user', tokens.user)]),
    ],
  };
  await writePrivateFile(path, formatYaml(kubeconfig));
}
