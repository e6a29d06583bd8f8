import { describe, expect, it } from 'vitest';
import type { WorkspaceType } from './types.ts';
import { meantClustersAnnotation } from './types.ts';
import type { ResolvedType } from './workspace-types.ts';
import { createWorkspaceTypes, parentChildProblem, parseTypeName } from './workspace-types.ts';

function type(name: string, spec: NonNullable<WorkspaceType['spec']> = {}): WorkspaceType {
  return { apiVersion: '', kind: 'WorkspaceType', metadata: { name }, spec };
}

function types(all: Readonly<Record<string, WorkspaceType>>) {
  const parents: Readonly<Record<string, string>> = { team: 'org', org: 'root' };
  return createWorkspaceTypes({
    reader: {
      get: <T>(key: string) => all[key] as T | undefined,
      parse: () => undefined as never,
      changed: () => undefined,
    },
    resolve: (path) => path,
    pathOf: (cluster) => cluster,
    parentOf: (cluster) => parents[cluster],
    typesPrefix: () => '',
  });
}

function resolved(path: string, name: string, spec: NonNullable<WorkspaceType['spec']> = {}): ResolvedType {
  return { cluster: path, path, name, type: type(name, spec) };
}

describe('workspace types', () => {
  it('without a path are looked for in the workspace, its ancestors and root', () => {
    const found = types({ 'org//own': type('own'), 'root//own': type('own'), 'root//shared': type('shared') });
    expect(found.near('team', 'own')?.cluster).toBe('org');
    expect(found.near('team', 'shared')?.cluster).toBe('root');
    expect(found.near('team', 'none')).toBeUndefined();
  });

  it('bring what they extend, each once', () => {
    const all = types({
      'root//a': type('a', {
        extend: {
          with: [
            { name: 'b', path: 'root' },
            { name: 'c', path: 'root' },
          ],
        },
      }),
      'root//b': type('b', { extend: { with: [{ name: 'c', path: 'root' }] } }),
      'root//c': type('c'),
    });
    const a = all.at('root', 'a');
    expect(a === undefined ? [] : all.aliases(a).map(({ name }) => name)).toEqual(['a', 'b', 'c']);
  });

  it('that extend each other in a circle are refused', () => {
    const all = types({
      'root//a': type('a', { extend: { with: [{ name: 'b', path: 'root' }] } }),
      'root//b': type('b', { extend: { with: [{ name: 'a', path: 'root' }] } }),
    });
    const a = all.at('root', 'a');
    expect(() => all.aliases(a as ResolvedType)).toThrow(
      'circular dependency detected in workspace type root:a: root:a -> root:b -> root:a',
    );
  });

  it('extend a thousand types at most, each counted as often as it is named', () => {
    const names = Array.from({ length: 40 }, (_, i) => `t${i}`);
    const extending = (count: number) => ({ extend: { with: names.slice(0, count).map((name) => ({ name })) } });
    const all = types(Object.fromEntries(names.map((name, i) => [`root//${name}`, type(name, extending(i))])));
    const resolve = (name: string) => all.aliases(all.at('root', name) as ResolvedType);
    expect(resolve('t39')).toHaveLength(40);
    const more = types({ 'root//wide': type('wide', { extend: { with: Array(1_001).fill({ name: 't0' }) } }) });
    expect(() => more.aliases(more.at('root', 'wide') as ResolvedType)).toThrow(
      'workspace type root:wide extends more than 1000 types',
    );
  });

  it('limit their parents and children by what those extend as well', () => {
    const universal = resolved('root', 'universal');
    const organization = resolved('root', 'organization', {
      limitAllowedChildren: { types: [{ path: 'root', name: 'universal' }] },
    });
    const team = resolved('root', 'team', { limitAllowedParents: { types: [{ path: 'root', name: 'organization' }] } });
    expect(parentChildProblem([organization, universal], [team, universal])).toBeUndefined();
    expect(parentChildProblem([universal], [team, universal])).toBe(
      'workspace type root:team only allows [root:organization] parent workspaces, but parent type root:universal only implements [root:universal]',
    );
    expect(parentChildProblem([universal], [resolved('root', 'root', { limitAllowedParents: { none: true } })])).toBe(
      'workspace type root:root cannot have any parent',
    );
  });

  it('are those of the workspace that was meant, whatever has its path by now', () => {
    const again = types({ 'root:a//team': type('team') });
    expect(again.at('root:a', 'team')?.cluster).toBe('root:a');
    expect(again.at('root:a', 'team', 'the-one-before')).toBeUndefined();
    const limit = { limitAllowedChildren: { types: [{ path: 'root:a', name: 'team' }] } };
    const meant = type('org', limit);
    meant.metadata.annotations = { [meantClustersAnnotation]: '{"root:a":"first"}' };
    const org = { ...resolved('root', 'org'), type: meant };
    const team = { ...resolved('root:a', 'team'), cluster: 'first' };
    expect(parentChildProblem([org], [team])).toBeUndefined();
    expect(parentChildProblem([org], [{ ...team, cluster: 'second' }])).toContain('only allows [root:a:team] child');
  });

  it('are written as path and name', () => {
    expect(parseTypeName('root:org:team')).toEqual({ path: 'root:org', name: 'team' });
    expect(parseTypeName('team')).toBeUndefined();
  });
});
