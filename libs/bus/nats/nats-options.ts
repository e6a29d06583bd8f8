import { isIP } from '@kcp-ts/base';
import type { ConnectionOptions } from '@nats-io/transport-node';

/** PEM texts. */
export interface NatsTls {
  readonly ca: string;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
}

export interface NatsOptions {
  /** `nats://host:port` or `tls://host:port`. */
  readonly servers: readonly string[];
  readonly tls?: NatsTls | undefined;
  readonly user?: string | undefined;
  readonly password?: string | undefined;
  /** The service's name, as `natsServiceName` makes it: its rights on the server go by it. */
  readonly name: string;
}

/**
 * Who can write to the bus could write everyone's RBAC. So a server that is not on this machine must prove itself, and be given credentials: throws a
 * RangeError where it is not.
 */
export function checkNatsOptions({ servers, tls, user, password }: NatsOptions): void {
  if (servers.length === 0) throw new RangeError('At least one NATS server must be named');
  const credentials =
    (user !== undefined && password !== undefined) || (tls?.cert !== undefined && tls.key !== undefined);
  for (const server of servers) {
    if (isLoopback(hostOf(server))) continue;
    if (tls === undefined) throw new RangeError(`NATS at ${server} is not on this machine: TLS is needed`);
    if (!credentials)
      throw new RangeError(
        `NATS at ${server} is not on this machine: user and password, or a client certificate, are needed`,
      );
  }
}

export function connectionOptions({ servers, tls, user, password, name }: NatsOptions, inboxPrefix: string) {
  const options: ConnectionOptions = {
    servers: [...servers],
    name,
    inboxPrefix,
    timeout: 3_000,
    // For ever, in small steps: what is lost meanwhile is fetched.
    maxReconnectAttempts: -1,
    reconnectTimeWait: 250,
    reconnectJitter: 100,
    reconnectJitterTLS: 250,
    ignoreAuthErrorAbort: true,
    pingInterval: 2_000,
    maxPingOut: 2,
  };
  if (user !== undefined) options.user = user;
  if (password !== undefined) options.pass = password;
  if (tls !== undefined) {
    options.tls = { ca: tls.ca, handshakeFirst: false };
    if (tls.cert !== undefined) options.tls.cert = tls.cert;
    if (tls.key !== undefined) options.tls.key = tls.key;
  }
  return options;
}

function hostOf(server: string): string {
  const host = new URL(server.includes('://') ? server : `nats://${server}`).hostname;
  return host.replace(/^\[|\]$/g, '');
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
}
