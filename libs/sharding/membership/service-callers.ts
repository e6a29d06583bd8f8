/** Which services may call a service of ours: by the certificate of the connection. */
import type { RpcCall } from '@kcp-ts/rpc';
import { RpcError } from '@kcp-ts/rpc';

const servicesGroup = 'system:kcp:services';

/** Who a service says it is, by its certificate; undefined for any other caller. */
export function serviceOfPeer({ peer }: RpcCall): { readonly kind: string; readonly name: string } | undefined {
  const [system, kcp, service, kind = '', ...name] = peer.commonName.split(':');
  if (!peer.organizations.includes(servicesGroup)) return undefined;
  if (system !== 'system' || kcp !== 'kcp' || service !== 'service') return undefined;
  return { kind, name: name.join(':') };
}

/** Throws for a caller that is no service that reads feeds. */
export function admitFeedConsumers(call: RpcCall): void {
  admitServices(call, ['shard', 'front-proxy', 'cache-server', 'virtual-workspaces']);
}

/** Throws for a caller that is no service of the installation, or of another kind. */
export function admitServices(call: RpcCall, kinds: readonly string[]): void {
  const service = serviceOfPeer(call);
  if (service === undefined || !kinds.includes(service.kind))
    throw new RpcError('permission-denied', `${call.peer.commonName || 'nobody'} may not call this`);
}
