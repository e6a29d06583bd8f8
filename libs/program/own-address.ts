/** Where others reach a service: what its flags say, or an address of this host. */
import type { NetworkInterfaceInfo } from 'node:os';
import { networkInterfaces } from 'node:os';
import { isIPv6 } from '@kcp-ts/base';
import { WrongOption } from '@kcp-ts/flags';

export interface ListenFlags {
  readonly bindAddress: string;
  readonly externalHostname: string;
}

type Interfaces = NodeJS.Dict<NetworkInterfaceInfo[]>;

function isWildcard(address: string): boolean {
  return address === '' || address === '0.0.0.0' || address === '::';
}

/** Addresses that begin with fe80: hold on one link only. */
function isLinkLocal({ address, family }: NetworkInterfaceInfo): boolean {
  return family === 'IPv6' && address.toLowerCase().startsWith('fe80:');
}

function addresses(interfaces: Interfaces): readonly NetworkInterfaceInfo[] {
  return Object.values(interfaces)
    .flatMap((each) => each ?? [])
    .filter((each) => !isLinkLocal(each));
}

/** The loopback address that a client on this host can use: ::1 where there is no IPv4. */
export function loopbackOf(interfaces: Interfaces = networkInterfaces()): string {
  const inner = addresses(interfaces).filter(({ internal }) => internal);
  return inner.length > 0 && inner.every(({ family }) => family === 'IPv6') ? '::1' : '127.0.0.1';
}

/**
 * What to tell clients on this host: `--external-hostname`, the address it listens on, or loopback
 * where it listens on all.
 */
export function localHostOf({ bindAddress, externalHostname }: ListenFlags, interfaces?: Interfaces): string {
  if (externalHostname !== '') return externalHostname;
  return isWildcard(bindAddress) ? loopbackOf(interfaces) : bindAddress;
}

/**
 * What to tell other services, which may be on other hosts: `--external-hostname`, the address it
 * listens on, or, where it listens on all, this host's first address that is not loopback, IPv4
 * before IPv6 as kube-apiserver takes it. Throws WrongOption where there is none: loopback would
 * lead others to themselves.
 */
export function advertisedHostOf(
  { bindAddress, externalHostname }: ListenFlags,
  interfaces: Interfaces = networkInterfaces(),
): string {
  if (externalHostname !== '') return externalHostname;
  if (!isWildcard(bindAddress)) return bindAddress;
  const outer = addresses(interfaces).filter(
    ({ internal, family }) => !internal && (bindAddress !== '0.0.0.0' || family === 'IPv4'),
  );
  const found = outer.find(({ family }) => family === 'IPv4') ?? outer[0];
  if (found === undefined)
    throw new WrongOption(
      `--bind-address ${bindAddress} names no address that other services could reach, and this host has none: give --external-hostname`,
    );
  return found.address;
}

/** `host:port`, with the brackets of IPv6. */
export function addressOf(host: string, port: number): string {
  return `${isIPv6(host) ? `[${host}]` : host}:${port}`;
}
