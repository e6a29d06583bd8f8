import { describe, expect, it } from 'vitest';
import type { PathReference } from './meant-clusters.ts';
import { meantClusters, recordMeantClusters } from './meant-clusters.ts';
import type { WorkspaceType } from './types.ts';
import { meantClustersAnnotation } from './types.ts';

function typeOf(spec: unknown): WorkspaceType {
  return { metadata: { name: 't' }, spec } as unknown as WorkspaceType;
}
const resolve = ({ path }: PathReference) => (path.startsWith('root') ? 'cluster' : undefined);

describe('what the paths of a WorkspaceType mean', () => {
  it.each(['', 'x', '3', 'null', '[1]', '{"root:a":5}'])(
    'is nothing where the annotation says nothing that can be read: %s',
    (text) => {
      const type = { metadata: { name: 't', annotations: { [meantClustersAnnotation]: text } } };
      expect(meantClusters(type as unknown as WorkspaceType).size).toBe(0);
    },
  );

  it('is recorded for each path that a workspace has', () => {
    const spec = { extend: { with: [{ name: 'u', path: 'root:a' }] }, defaultChildWorkspaceType: { path: 'other' } };
    expect(recordMeantClusters(typeOf(spec), undefined, resolve)).toBe('{"root:a":"cluster"}');
    const types = [{ name: 'u', path: 'root:b' }];
    for (const limit of ['limitAllowedChildren', 'limitAllowedParents'])
      expect(recordMeantClusters(typeOf({ [limit]: { types } }), undefined, resolve)).toBe('{"root:b":"cluster"}');
  });

  it('stays what it was with an update, also where that was nothing', () => {
    const spec = {
      extend: {
        with: [
          { name: 'u', path: 'root:a' },
          { name: 'v', path: 'root:b' },
        ],
      },
    };
    const old = typeOf(spec);
    old.metadata.annotations = { [meantClustersAnnotation]: '{"root:a":"first"}' };
    expect(recordMeantClusters(typeOf(spec), old, resolve)).toBe('{"root:a":"first"}');
    const more = { ...spec, defaultChildWorkspaceType: { name: 'u', path: 'root:c' } };
    expect(recordMeantClusters(typeOf(more), old, resolve)).toBe('{"root:a":"first","root:c":"cluster"}');
  });

  it.each([
    { extend: { with: [{ name: 'u', path: 12 }] } },
    { extend: { with: [null, 'x'] } },
    { extend: { with: {} } },
    { extend: 3 },
    { defaultAPIBindings: 7 },
    { limitAllowedChildren: null, limitAllowedParents: 'all' },
    { limitAllowedChildren: { types: 1 }, limitAllowedParents: { types: [null, 2] } },
    { defaultChildWorkspaceType: { path: ['root'] } },
    'text',
    null,
  ])('is nothing, and no failure, where a type that is not valid has no path: %j', (spec) => {
    expect(recordMeantClusters(typeOf(spec), undefined, resolve)).toBeUndefined();
  });
});
