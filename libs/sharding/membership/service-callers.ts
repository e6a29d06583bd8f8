/**
 * Which services may call a service of ours, and which may answer one: by the certificate of the
 * connection. The kind says what a service may do; where the certificate names an instance, it is
 * that one's alone.
 */
import type { ServiceIdentity } from '@kcp-ts/authn';
import { mayBear, serviceIdentityOf, serviceNameOf } from '@kcp-ts/authn';
import type { CertificateNames, Live } from '@kcp-ts/base';
import type { RpcCall, RpcClient } from '@kcp-ts/rpc';
import { createRpcClient, RpcError } from '@kcp-ts/rpc';
import type { PeerTls } from './connections.ts';

type Kind = ServiceIdentity['kind'];
type DescService = Parameters<typeof createRpcClient>[0];

/** Throws for a caller that is no service that reads feeds. */
export function admitFeedConsumers(call: RpcCall): void {
  admitServices(call, ['shard', 'front-proxy', 'cache-server', 'virtual-workspaces']);
}

/** Throws for a caller that is no service of the installation, or of another kind. */
export function admitServices({ peer }: RpcCall, kinds: readonly Kind[]): void {
  const service = serviceIdentityOf(peer);
  if (service !== undefined && kinds.includes(service.kind)) return;
  const who = service === undefined ? peer.commonName || 'nobody' : serviceNameOf(service);
  throw new RpcError('permission-denied', `${who} may not call this`);
}

/** Of these kinds, and of that name where the certificate has one. */
export interface ExpectedService {
  readonly kinds: readonly Kind[];
  /** Undefined where it may be any. */
  readonly name?: string | undefined;
}

/** Why a server is not who it should be; undefined where it is. */
export function checkService({ kinds, name }: ExpectedService, names: CertificateNames): string | undefined {
  const service = serviceIdentityOf(names);
  const expected = `a ${kinds.join(' or ')}${name === undefined ? '' : ` named ${name}`}`;
  if (service === undefined) return `the server's certificate is of no service, and should be of ${expected}`;
  if (kinds.some((kind) => mayBear(service, kind, name ?? service.name ?? ''))) return undefined;
  return `the server is ${serviceNameOf(service)}, and should be ${expected}`;
}

/**
 * A client of another service of the installation; another server that answers there is not
 * believed.
 */
export function createServiceClient<Service extends DescService>(
  service: Service,
  address: string,
  { tls, ...expected }: ExpectedService & { readonly tls: PeerTls | Live<PeerTls> },
): RpcClient<Service> {
  return createRpcClient(service, {
    addresses: [address],
    tls,
    checkServer: (names) => checkService(expected, names),
  });
}
