import { encodeStored } from '@kcp-ts/storage';
import { logicalClustersPrefix } from '@kcp-ts/tenancy';
import { expect, it } from 'vitest';
import { createPathIndex } from './path-index.ts';
import { projectionOf } from './projections.ts';

function stored(object: object): Uint8Array {
  return encodeStored('0'.repeat(16), 0, JSON.stringify(object));
}

it('knows which shard would know what is missing of a path', () => {
  const index = createPathIndex();
  const cluster = { metadata: { name: 'cluster' }, status: { phase: 'Ready' } };
  index.changed('one', `${logicalClustersPrefix}root//cluster`, stored(cluster));
  index.changed('two', `${logicalClustersPrefix}orgcluster//cluster`, stored(cluster));
  const org = { metadata: { name: 'org' }, spec: { cluster: 'orgcluster' }, status: { phase: 'Ready' } };
  index.changed('one', 'tenancy.kcp.io/workspaces/identity/root//org', stored(org));
  expect(index.resolve('root:org')).toEqual({ status: 'found', cluster: 'orgcluster', shard: 'two' });
  expect(index.oracleOf('root:missing')).toBe('one');
  expect(index.oracleOf('root:org:missing')).toBe('two');
  expect(index.oracleOf('root:missing:below')).toBe('one');
  expect(index.oracleOf('unknowncluster')).toBeUndefined();
});

it('knows which groups a cluster wants, of its projection as well', () => {
  const index = createPathIndex();
  const annotations = { 'authorization.kcp.io/required-groups': 'staff', 'example.io/private': 'x' };
  const value = projectionOf(stored({ metadata: { name: 'cluster', annotations }, status: { phase: 'Ready' } }));
  index.changed('one', `${logicalClustersPrefix}orgcluster//cluster`, value);
  expect(index.cluster('orgcluster')).toMatchObject({ phase: 'Ready', requiredGroups: 'staff' });
  expect(new TextDecoder().decode(value)).not.toContain('private');
});
