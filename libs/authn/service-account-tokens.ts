/**
 * Tokens of service accounts: JWTs with Kubernetes' bound claims (KEP-1205) and the logical cluster
 * that the account is in. A token is good as long as it says and as the account with its uid is
 * there. The older tokens in Secrets are good for as long as their Secret holds them.
 */
import type { webcrypto } from 'node:crypto';
import type { LogicalClusterName, UserInfo } from '@kcp-ts/api';
import type { Clock, Random } from '@kcp-ts/base';
import type { JWTPayload } from 'jose';
import { serviceAccountGroups, withAuthenticated } from './groups.ts';
import type { ServiceAccountKeys } from './service-account-keys.ts';
import { algorithmOf } from './service-account-keys.ts';

export const defaultServiceAccountIssuer = 'https://kcp.default.svc';
/** The extra that says which logical cluster an account is of. */
const clusterNameExtra = 'authentication.kcp.io/cluster-name';
/** What a user is held to: a token of a service account counts in the account's own cluster. */
const scopesExtra = 'authentication.kcp.io/scopes';
const credentialIdExtra = 'authentication.kubernetes.io/credential-id';

/**
 * Issuer of the tokens in Secrets, whose claims are flat and begin with the prefix.
 * (k8s.io/kubernetes/pkg/serviceaccount/legacy.go)
 */
const secretIssuer = 'kubernetes/serviceaccount';
const secretClaim = 'kubernetes.io/serviceaccount/';

export interface ServiceAccount {
  readonly cluster: LogicalClusterName;
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
}

export interface IssuedToken {
  readonly token: string;
  readonly audiences: readonly string[];
  readonly expiresMs: number;
}

export interface VerifiedToken {
  readonly user: UserInfo;
  readonly audiences: readonly string[];
  readonly expiresMs: number;
}

export interface ServiceAccountTokens {
  /** For the TokenRequest subresource: without audiences the server's own. */
  issue(
    account: ServiceAccount,
    spec: { readonly expirationSeconds: number; readonly audiences?: readonly string[] | undefined },
  ): Promise<IssuedToken>;
  /** For a Secret of type kubernetes.io/service-account-token: a token without end. */
  issueForSecret(account: ServiceAccount, secret: string): Promise<string>;
  /**
   * Undefined when it is no token of ours, is not good (any more), or has none of the audiences.
   */
  verify(token: string, audiences?: readonly string[]): Promise<VerifiedToken | undefined>;
  /** The audiences of this server. */
  readonly audiences: readonly string[];
  readonly issuer: string;
  /** Public keys (RFC 7517) of all that are believed. */
  keySet(): readonly VerifyingKey[];
}

export interface VerifyingKey extends webcrypto.JsonWebKey {
  readonly use: 'sig';
  readonly kid: string;
  readonly alg: string;
}

export interface ServiceAccountTokensOptions {
  /** Those that hold now: they may be rotated while tokens are issued and verified. */
  keys(): ServiceAccountKeys;
  readonly issuer?: string;
  readonly audiences?: readonly string[];
  readonly clock: Clock;
  readonly random: Random;
  /** Whether the account with this uid still exists. */
  readonly validate: (account: ServiceAccount) => boolean | Promise<boolean>;
  /** Whether the Secret of the account's namespace holds this very token. */
  readonly holdsToken: (account: ServiceAccount, secret: string, token: string) => boolean;
}

/** How far the clocks of shards may be apart for a token that has just been issued. */
const skewSeconds = 5;

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function recordOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}

function accountOf(payload: JWTPayload): ServiceAccount | undefined {
  const claims = recordOf(payload['kubernetes.io']);
  const account = recordOf(claims['serviceaccount']);
  const cluster = textOf(claims['clusterName']);
  const namespace = textOf(claims['namespace']);
  const name = textOf(account['name']);
  const uid = textOf(account['uid']);
  return completeAccount(payload, { cluster, namespace, name, uid });
}

function accountOfSecret(payload: JWTPayload): ServiceAccount | undefined {
  const claim = (name: string) => textOf(payload[`${secretClaim}${name}`]);
  return completeAccount(payload, {
    cluster: claim('clusterName'),
    namespace: claim('namespace'),
    name: claim('service-account.name'),
    uid: claim('service-account.uid'),
  });
}

/** The account where all of it is there, and it is who the token says it is. */
function completeAccount({ sub }: JWTPayload, account: ServiceAccount): ServiceAccount | undefined {
  const { cluster, namespace, name, uid } = account;
  if (cluster === '' || namespace === '' || name === '' || uid === '') return undefined;
  return sub === `system:serviceaccount:${namespace}:${name}` ? account : undefined;
}

function userOf(account: ServiceAccount, id: string | undefined): UserInfo {
  return {
    name: `system:serviceaccount:${account.namespace}:${account.name}`,
    uid: account.uid,
    groups: withAuthenticated(serviceAccountGroups(account.namespace)),
    extra: {
      [clusterNameExtra]: [account.cluster],
      [scopesExtra]: [`cluster:${account.cluster}`],
      ...(id === undefined ? {} : { [credentialIdExtra]: [`JTI=${id}`] }),
    },
  };
}

export function createServiceAccountTokens(options: ServiceAccountTokensOptions): ServiceAccountTokens {
  const { clock, random, validate, holdsToken, issuer = defaultServiceAccountIssuer } = options;
  const ownAudiences = options.audiences ?? [issuer];
  const payloadOf = async (token: string): Promise<JWTPayload | undefined> => {
    const { decodeProtectedHeader, jwtVerify } = await import('jose');
    const { signing, verifying } = options.keys();
    try {
      const key = verifying.get(decodeProtectedHeader(token).kid ?? signing.id);
      if (key === undefined) return undefined;
      const { payload } = await jwtVerify(token, key, {
        issuer: [issuer, secretIssuer],
        algorithms: [algorithmOf(key)],
        currentDate: new Date(clock.now()),
        clockTolerance: skewSeconds,
        requiredClaims: ['sub'],
      });
      return payload;
    } catch {
      return undefined;
    }
  };

  /** It names no audience: it is for this server. */
  async function verifyOfSecret(
    token: string,
    payload: JWTPayload,
    audiences: readonly string[],
  ): Promise<VerifiedToken | undefined> {
    const account = accountOfSecret(payload);
    const secret = textOf(payload[`${secretClaim}secret.name`]);
    const shared = ownAudiences.filter((audience) => audiences.includes(audience));
    if (account === undefined || shared.length === 0 || !holdsToken(account, secret, token)) return undefined;
    if (!(await validate(account))) return undefined;
    return { user: userOf(account, undefined), audiences: shared, expiresMs: Number.POSITIVE_INFINITY };
  }

  return {
    audiences: ownAudiences,
    issuer,
    keySet: () =>
      [...options.keys().verifying].map(([kid, key]) => ({
        ...key.export({ format: 'jwk' }),
        use: 'sig' as const,
        kid,
        alg: algorithmOf(key),
      })),
    async issueForSecret({ cluster, namespace, name, uid }, secret) {
      const { SignJWT } = await import('jose');
      const { signing } = options.keys();
      return new SignJWT({
        [`${secretClaim}clusterName`]: cluster,
        [`${secretClaim}namespace`]: namespace,
        [`${secretClaim}secret.name`]: secret,
        [`${secretClaim}service-account.name`]: name,
        [`${secretClaim}service-account.uid`]: uid,
      })
        .setProtectedHeader({ alg: signing.algorithm, kid: signing.id })
        .setIssuer(secretIssuer)
        .setSubject(`system:serviceaccount:${namespace}:${name}`)
        .sign(signing.key);
    },
    async issue(account, { expirationSeconds, audiences }) {
      const { SignJWT } = await import('jose');
      const { signing } = options.keys();
      const now = Math.floor(clock.now() / 1000);
      const wanted = audiences === undefined || audiences.length === 0 ? ownAudiences : audiences;
      const { cluster: clusterName, namespace, name, uid } = account;
      const token = await new SignJWT({ 'kubernetes.io': { clusterName, namespace, serviceaccount: { name, uid } } })
        .setProtectedHeader({ alg: signing.algorithm, kid: signing.id })
        .setIssuer(issuer)
        .setSubject(`system:serviceaccount:${namespace}:${name}`)
        .setAudience([...wanted])
        .setIssuedAt(now)
        .setNotBefore(now)
        .setExpirationTime(now + expirationSeconds)
        .setJti(random.uuid())
        .sign(signing.key);
      return { token, audiences: wanted, expiresMs: (now + expirationSeconds) * 1000 };
    },
    async verify(token, audiences = ownAudiences) {
      const payload = await payloadOf(token);
      if (payload?.iss === secretIssuer) return verifyOfSecret(token, payload, audiences);
      const account = payload === undefined ? undefined : accountOf(payload);
      if (payload?.exp === undefined || account === undefined) return undefined;
      const expiresMs = payload.exp * 1000;
      const said = payload.aud === undefined ? [] : [payload.aud].flat();
      const shared = said.filter((audience) => audiences.includes(audience));
      if (shared.length === 0 || clock.now() >= expiresMs || !(await validate(account))) return undefined;
      return { user: userOf(account, payload.jti), audiences: shared, expiresMs };
    },
  };
}
