import { describe, expect, it } from 'vitest';
import { parseApiPath, splitCluster } from './request-path.ts';

const nothing = {
  group: '',
  version: 'v1',
  resource: '',
  identity: undefined,
  namespace: '',
  name: '',
  subresource: '',
  watch: false,
};

describe('a path', () => {
  it.each([
    ['/api/v1/configmaps', { resource: 'configmaps' }],
    ['/api/v1/namespaces', { resource: 'namespaces' }],
    ['/api/v1/namespaces/default', { resource: 'namespaces', name: 'default' }],
    ['/api/v1/namespaces/default/finalize', { resource: 'namespaces', name: 'default', subresource: 'finalize' }],
    ['/api/v1/namespaces/default/status', { resource: 'namespaces', name: 'default', subresource: 'status' }],
    ['/api/v1/namespaces/default/configmaps/a', { resource: 'configmaps', namespace: 'default', name: 'a' }],
    ['/api/v1/watch/namespaces/default/configmaps', { resource: 'configmaps', namespace: 'default', watch: true }],
    [
      '/apis/g.io/v2/things/a/status',
      { group: 'g.io', version: 'v2', resource: 'things', name: 'a', subresource: 'status' },
    ],
    ['/apis/g.io/v2/things:abc', { group: 'g.io', version: 'v2', resource: 'things', identity: 'abc' }],
    ['/apis/g.io/v1/clusterroles/system%3Aadmin', { group: 'g.io', resource: 'clusterroles', name: 'system:admin' }],
  ])('%s names what it names', (path, expected) => {
    expect(parseApiPath(path)).toEqual({ ...nothing, ...expected });
  });

  it.each(['/', '/api', '/api/v1', '/apis', '/apis/g.io', '/apis/g.io/v1', '/openapi/v3', '/version'])(
    '%s is no resource',
    (path) => {
      expect(parseApiPath(path)).toBeUndefined();
    },
  );

  it('begins with the cluster it is about', () => {
    expect(splitCluster('/clusters/root:org/api/v1')).toEqual({ cluster: 'root:org', rest: '/api/v1' });
    expect(splitCluster('/clusters/*/apis')).toEqual({ cluster: '*', rest: '/apis' });
    expect(splitCluster('/clusters/root')).toEqual({ cluster: 'root', rest: '/' });
    expect(splitCluster('/healthz')).toBeUndefined();
  });
});
