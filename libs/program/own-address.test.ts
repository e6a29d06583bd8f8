import type { NetworkInterfaceInfo } from 'node:os';
import { describe, expect, it } from 'vitest';
import { addressOf, advertisedHostOf, localHostOf } from './own-address.ts';

function address(text: string, family: 'IPv4' | 'IPv6', internal: boolean): NetworkInterfaceInfo {
  const shared = { address: text, netmask: '', mac: '', internal, cidr: null };
  return family === 'IPv4' ? { ...shared, family } : { ...shared, family, scopeid: 0 };
}

const both = {
  lo: [address('127.0.0.1', 'IPv4', true), address('::1', 'IPv6', true)],
  eth0: [address('fe80::1', 'IPv6', false), address('2001:db8::7', 'IPv6', false), address('10.1.2.3', 'IPv4', false)],
};
const ipv6Only = {
  lo: [address('::1', 'IPv6', true)],
  eth0: [address('fe80::1', 'IPv6', false), address('2001:db8::7', 'IPv6', false)],
};
const alone = { lo: [address('127.0.0.1', 'IPv4', true)] };
const listen = (bindAddress: string, externalHostname = '') => ({ bindAddress, externalHostname });

describe('the address for other services', () => {
  it.each([
    ['a host name as it was given', listen('0.0.0.0', 'kcp.example.com'), both, 'kcp.example.com'],
    ['the address it listens on', listen('10.9.9.9'), both, '10.9.9.9'],
    ['for all addresses of IPv4 this one of the host', listen('0.0.0.0'), both, '10.1.2.3'],
    ['for all addresses IPv4 first', listen('::'), both, '10.1.2.3'],
    ['for all addresses of a host without IPv4', listen('::'), ipv6Only, '2001:db8::7'],
  ])('is %s', (_what, flags, interfaces, expected) => {
    expect(advertisedHostOf(flags, interfaces)).toBe(expected);
  });

  it('is never loopback for a wildcard: others would look for it at themselves', () => {
    expect(() => advertisedHostOf(listen('0.0.0.0'), alone)).toThrow('--bind-address 0.0.0.0 names no address');
    expect(() => advertisedHostOf(listen('0.0.0.0'), ipv6Only)).toThrow('give --external-hostname');
  });

  it('is loopback for clients on the same host, of the family that there is', () => {
    expect(localHostOf(listen('0.0.0.0'), both)).toBe('127.0.0.1');
    expect(localHostOf(listen('::'), ipv6Only)).toBe('::1');
    expect(localHostOf(listen('10.9.9.9'), both)).toBe('10.9.9.9');
  });

  it('has brackets where it is one of IPv6', () => {
    expect(addressOf('2001:db8::7', 6443)).toBe('[2001:db8::7]:6443');
    expect(addressOf('10.1.2.3', 6443)).toBe('10.1.2.3:6443');
  });
});
