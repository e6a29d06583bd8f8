import { expect, it } from 'vitest';
import type { LogicalClusterName } from './cluster-name.ts';
import { asClusterName, asWorkspacePath, joinPath } from './cluster-name.ts';

it('a name that was not checked is taken where a cluster is meant, a path is not', () => {
  const taken: LogicalClusterName[] = ['2zhx0f1g9nd3c4o', asClusterName('root')];
  // @ts-expect-error -- the compiler refuses it: a path may lead to a cluster of another name
  taken.push(joinPath(asWorkspacePath('root'), 'org'));
  expect(taken).toEqual(['2zhx0f1g9nd3c4o', 'root', 'root:org']);
});
