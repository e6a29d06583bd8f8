import { expect, it } from 'vitest';
import { describeStartError } from './describe-start-error.ts';

const config = { peerCaFile: '/nope', kubeconfigPath: '/proc/x', clientCaFile: '', securePort: 80, verbosity: 2 };
const failed = (message: string, more: object) => Object.assign(new Error(message), more);

it.each([
  [failed('ENOENT: a', { code: 'ENOENT', path: '/nope' }), '--peer-ca-file cannot be used: ENOENT: a'],
  [failed('ENOENT: b', { code: 'ENOENT', path: '/proc/x.1.new' }), '--kubeconfig-path cannot be used: ENOENT: b'],
  [failed('ENOENT: c', { code: 'ENOENT', path: '/other' }), 'ENOENT: c'],
  [failed('listen d', { code: 'EADDRINUSE', syscall: 'listen' }), '--secure-port cannot be used: listen d'],
  [failed('listen e', { code: 'EADDRNOTAVAIL', syscall: 'listen' }), '--bind-address cannot be used: listen e'],
  [
    failed('getaddrinfo f', { code: 'ENOTFOUND', syscall: 'getaddrinfo' }),
    '--bind-address cannot be used: getaddrinfo f',
  ],
  [new Error('g'), 'g'],
  ['h', 'h'],
])('says of %s: %s', (error, text) => {
  expect(describeStartError(error, config)).toBe(text);
});
