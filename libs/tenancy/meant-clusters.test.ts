import { describe, expect, it } from 'vitest';
import { recordMeantClusters } from './meant-clusters.ts';
import type { WorkspaceType } from './types.ts';

function typeOf(spec: unknown): WorkspaceType {
  return { metadata: { name: 't' }, spec } as unknown as WorkspaceType;
}
const resolve = (path: string) => (path.startsWith('root') ? 'cluster' : undefined);

describe('what the paths of a WorkspaceType mean', () => {
  it('is recorded for each path that a workspace has', () => {
    const spec = { extend: { with: [{ name: 'u', path: 'root:a' }] }, defaultChildWorkspaceType: { path: 'other' } };
    expect(recordMeantClusters(typeOf(spec), undefined, resolve)).toBe('{"root:a":"cluster"}');
  });

  it.each([
    { extend: { with: [{ name: 'u', path: 12 }] } },
    { extend: { with: [null, 'x'] } },
    { extend: { with: {} } },
    { extend: 3 },
    { defaultAPIBindings: 7 },
    { defaultChildWorkspaceType: { path: ['root'] } },
    'text',
    null,
  ])('is nothing, and no failure, where a type that is not valid has no path: %j', (spec) => {
    expect(recordMeantClusters(typeOf(spec), undefined, resolve)).toBeUndefined();
  });
});
