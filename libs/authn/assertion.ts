/**
 * What one service of an installation tells another of who asks: signed with the key of the
 * sender's own mTLS certificate, for an audience and a short time, and worth something only on a
 * connection that shows that certificate. So nobody's identity is ever taken from a plain header.
 */
import { createPrivateKey, hash, sign, verify, X509Certificate } from 'node:crypto';
import type { UserInfo } from '@kcp-ts/api';
import { StatusError } from '@kcp-ts/api';
import type { Clock, Live } from '@kcp-ts/base';
import { authoritiesIn, liveOf, namesInCertificate } from '@kcp-ts/base';
import type { Peer } from '@kcp-ts/http';
import { LRUCache } from 'lru-cache';
import type { Authenticator } from './authenticator.ts';
import type { Credentials } from './request-authenticator.ts';
import type { ServiceIdentity } from './service-identity.ts';
import { serviceIdentityOf, serviceNameOf } from './service-identity.ts';

/** The header that carries it. */
export const assertionHeader = 'kcp-identity-assertion';

/**
 * The audience of an assertion: one service of the installation, by its kind (`shard`,
 * `cache-server`, …) and its name in the membership.
 */
export function serviceAudience(kind: string, name: string): string {
  return `${kind}/${name}`;
}

const minuteMs = 60_000;
const validMs = 2 * minuteMs;
/** For clocks that differ. */
const leewayMs = 5_000;
const cachedMax = 10_000;
/** For each connection of a service. */
const verifiedMax = 1_000;

/** Groups that no service may pass on, as kcp's front-proxy drops them; `*` stands for any end. */
export const droppedGroups: readonly string[] = [
  'system:masters',
  'system:kcp:logical-cluster-admin',
  'system:kcp:initializer:*',
  'system:kcp:terminator:*',
];

interface Claims {
  readonly iss: string;
  readonly aud: string;
  readonly nbf: number;
  readonly exp: number;
  readonly user: UserInfo;
}

function matches(pattern: string, group: string): boolean {
  return pattern.endsWith('*') ? group.startsWith(pattern.slice(0, -1)) : group === pattern;
}

/** Whether a group may cross: dropping wins over passing, and an empty list passes all. */
export function mayPass(group: string, pass: readonly string[], drop: readonly string[]): boolean {
  if (droppedGroups.some((pattern) => matches(pattern, group)) || drop.some((pattern) => matches(pattern, group)))
    return false;
  return pass.length === 0 || pass.some((pattern) => matches(pattern, group));
}

/** PEM texts. */
export interface OwnCertificate {
  readonly cert: string;
  readonly key: string;
}

export interface AssertionSignerOptions {
  /**
   * What we show others: the certificate says who the issuer is, and its key signs. When it has
   * changed, what is signed from then on is worth something only on connections made with it.
   */
  readonly identity: OwnCertificate | Live<OwnCertificate>;
  readonly clock: Clock;
  readonly passGroups?: readonly string[] | undefined;
  readonly dropGroups?: readonly string[] | undefined;
}

export interface AssertionSigner {
  /** Signed once per user, audience and minute. */
  sign(user: UserInfo, audience: string): string;
}

/** Throws for a certificate that is none of a service: nobody would believe it. */
function issuerOf({ cert }: OwnCertificate): string {
  const identity = serviceIdentityOf(namesInCertificate(new X509Certificate(cert)));
  if (identity === undefined)
    throw new Error('--peer-cert-file names no service of the installation: issue it for one');
  return serviceNameOf(identity);
}

export function createAssertionSigner(options: AssertionSignerOptions): AssertionSigner {
  const { clock, passGroups = [], dropGroups = [] } = options;
  const identity = liveOf(options.identity);
  const signed = new LRUCache<string, { readonly text: string; readonly minute: number }>({ max: cachedMax });
  let own = identity.current();
  let issuer = issuerOf(own);
  let key = createPrivateKey(own.key);
  function takeRenewed(): void {
    own = identity.current();
    issuer = issuerOf(own);
    key = createPrivateKey(own.key);
    signed.clear();
  }
  const idOf = new WeakMap<UserInfo, string>();
  return {
    sign(user, audience) {
      if (identity.current() !== own) takeRenewed();
      let id = idOf.get(user);
      if (id === undefined) {
        id = JSON.stringify(user);
        idOf.set(user, id);
      }
      const now = clock.now();
      const minute = Math.floor(now / minuteMs);
      const cacheKey = `${audience} ${id}`;
      const known = signed.get(cacheKey);
      if (known !== undefined && known.minute === minute) return known.text;
      const groups = user.groups.filter((group) => mayPass(group, passGroups, dropGroups));
      const claims: Claims = {
        iss: issuer,
        aud: audience,
        nbf: now - leewayMs,
        exp: now + validMs,
        user: { ...user, groups },
      };
      const payload = Buffer.from(JSON.stringify(claims)).toString('base64url');
      const signature = sign('sha256', Buffer.from(payload), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url');
      const text = `${payload}.${signature}`;
      signed.set(cacheKey, { text, minute });
      return text;
    },
  };
}

export interface ServicePeersOptions {
  /** PEM of the authorities of services. */
  readonly peerCa: PeerAuthorities | Live<PeerAuthorities>;
}

/** PEM, of one or several: while one replaces another both are believed. */
export interface PeerAuthorities {
  readonly ca: string;
}

/**
 * Only these hand on requests of others. A shard or a cache-server that says who asks speaks for
 * nobody.
 */
const asserting: readonly string[] = ['front-proxy', 'virtual-workspaces'];

/**
 * Tells services of the installation from everybody else, once per connection and set of
 * authorities.
 */
export function createServicePeers({ peerCa }: ServicePeersOptions): (peer: Peer) => boolean {
  const live = liveOf(peerCa);
  let from = live.current();
  let authorities = authoritiesIn(from.ca, '--peer-ca-file');
  let known = new WeakMap<Peer, boolean>();
  return (peer) => {
    const { certificate, authorized } = peer;
    if (certificate === undefined || !authorized) return false;
    if (live.current() !== from) {
      from = live.current();
      authorities = authoritiesIn(from.ca, '--peer-ca-file');
      known = new WeakMap();
    }
    let is = known.get(peer);
    if (is === undefined) {
      is =
        serviceIdentityOf(certificate) !== undefined && isSignedBy(new X509Certificate(certificate.raw), authorities);
      known.set(peer, is);
    }
    return is;
  };
}

function isSignedBy(certificate: X509Certificate, authorities: readonly X509Certificate[]): boolean {
  return authorities.some((authority) => certificate.checkIssued(authority) && certificate.verify(authority.publicKey));
}

export interface AssertionVerifier {
  /** Undefined for one that is not good, whatever the reason. */
  verify(text: string, peer: Peer): UserInfo | undefined;
}

function areTexts(value: unknown): boolean {
  return Array.isArray(value) && value.every((entry) => typeof entry === 'string');
}

function isUser(value: unknown): value is UserInfo {
  const { name, uid, groups, extra = {} } = (value ?? {}) as Readonly<Record<string, unknown>>;
  return (
    typeof name === 'string' &&
    name !== '' &&
    (uid === undefined || typeof uid === 'string') &&
    areTexts(groups) &&
    typeof extra === 'object' &&
    extra !== null &&
    Object.values(extra).every(areTexts)
  );
}

function claimsOf(payload: string): Claims | undefined {
  try {
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8')) as Claims;
    return isUser(claims.user) && typeof claims.exp === 'number' && typeof claims.nbf === 'number' ? claims : undefined;
  } catch {
    return undefined;
  }
}

export function createAssertionVerifier({
  audience,
  clock,
}: {
  readonly audience: string;
  readonly clock: Clock;
}): AssertionVerifier {
  /**
   * Verified ones, by their hash, for each connection: what is good on one is nothing on another.
   */
  const verified = new WeakMap<Peer, LRUCache<string, Claims>>();

  function check(text: string, peer: Peer): Claims | undefined {
    const dot = text.indexOf('.');
    const { certificate } = peer;
    const claims = dot < 0 || certificate === undefined ? undefined : claimsOf(text.slice(0, dot));
    if (claims === undefined || certificate === undefined) return undefined;
    const issuer: ServiceIdentity | undefined = serviceIdentityOf(certificate);
    if (issuer === undefined || !asserting.includes(issuer.kind)) return undefined;
    if (claims.iss !== serviceNameOf(issuer) || claims.aud !== audience) return undefined;
    if (claims.user.groups.some((group) => !mayPass(group, [], []))) return undefined;
    // Nobody says it for longer than the signer here would.
    if (claims.exp - claims.nbf > validMs + leewayMs) return undefined;
    const key = new X509Certificate(certificate.raw).publicKey;
    const signature = Buffer.from(text.slice(dot + 1), 'base64url');
    // One text for each signature: what decodes to the same is not the same.
    if (signature.toString('base64url') !== text.slice(dot + 1)) return undefined;
    return verify('sha256', Buffer.from(text.slice(0, dot)), { key, dsaEncoding: 'ieee-p1363' }, signature)
      ? claims
      : undefined;
  }

  return {
    verify(text, peer) {
      let known = verified.get(peer);
      if (known === undefined) {
        known = new LRUCache({ max: verifiedMax });
        verified.set(peer, known);
      }
      const digest = hash('sha256', text, 'base64');
      let claims = known.get(digest);
      if (claims === undefined) {
        claims = check(text, peer);
        if (claims === undefined) return undefined;
        known.set(digest, claims);
      }
      const now = clock.now();
      if (now >= claims.nbf && now < claims.exp) return claims.user;
      known.delete(digest);
      return undefined;
    },
  };
}

export interface AssertionsOptions {
  readonly isService: (peer: Peer) => boolean;
  readonly verifier: AssertionVerifier;
}

/**
 * An authenticator for requests that services hand on. On a service's connection the service's own
 * certificate says nothing of who asks: an assertion does, or the request's own token, or nobody.
 * On any other connection an assertion is not looked at.
 */
export function withAssertions(
  authenticator: Authenticator,
  { isService, verifier }: AssertionsOptions,
): Authenticator {
  const bare = new WeakMap<Peer, Peer>();
  function withoutCertificate(peer: Peer): Peer {
    let found = bare.get(peer);
    if (found === undefined) {
      found = { address: peer.address, port: peer.port, authorized: false };
      bare.set(peer, found);
    }
    return found;
  }
  return {
    ...authenticator,
    authenticate(credentials: Credentials) {
      const { headers, peer } = credentials;
      if (!isService(peer)) return authenticator.authenticate(credentials);
      const assertion = headers[assertionHeader];
      if (assertion === undefined) return authenticator.authenticate({ headers, peer: withoutCertificate(peer) });
      const user = typeof assertion === 'string' ? verifier.verify(assertion, peer) : undefined;
      if (user === undefined) throw new StatusError('Unauthorized', 'Unauthorized');
      return user;
    },
  };
}
