import { expect, it } from 'vitest';
import { homeClusterName } from './cluster-names.ts';
import { claimHash, defaultBindingName, exportHash, reflexiveClaimHash } from './hashes.ts';

it('hashes of exports and claims are those that clients of kcp know', () => {
  expect(exportHash('root', 'tenancy.kcp.io')).toBe('bmCdly9xXiUpEHe3ypvDwvXMTfoVZUE92mqAQf');
  expect(reflexiveClaimHash).toBe('LstvmbbzVDDOn90ZbhzSQO5U3DMCf88h1pZ');
  expect(claimHash({ group: '', resource: 'configmaps' })).toBe('3QVjs6pfBjMpLEVYYhysJnroYGsQGlWm05E4qe');
});

it('verbs and selectors take no part in the hash of a claim', () => {
  expect(claimHash({ resource: 'secrets', identityHash: '' })).toBe(claimHash({ group: '', resource: 'secrets' }));
  expect(claimHash({ resource: 'secrets', identityHash: 'a' })).not.toBe(claimHash({ resource: 'secrets' }));
});

it.each([
  ['alice', 'v1u4alow0iv9'],
  ['bob', '2okdry95y5lkv'],
  ['user172', '0f9mt7goyif7'],
])('the home of %s is %s', (user, cluster) => {
  expect(homeClusterName(user)).toBe(cluster);
});

it('a default binding is named after its export and a few characters of a hash', () => {
  expect(defaultBindingName('c1', 'root', 'tenancy.kcp.io')).toMatch(/^tenancy\.kcp\.io-[a-z0-9]{5}$/);
});
