import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { versionInfo, versionInfoOf } from './version.ts';

const root = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string };

it('the version is that of the package, behind the one of Kubernetes', () => {
  expect(versionInfo.gitVersion).toBe(`v1.36.0+kcp-v${root.version}-ts`);
});

it('sources that run as they are say so', () => {
  expect(versionInfo).toMatchObject({ gitCommit: '', gitTreeState: 'source', buildDate: '1970-01-01T00:00:00Z' });
});

it('a build says its commit', () => {
  const build = { commit: 'abc', treeState: 'dirty', date: '2026-11-30T00:00:00Z' } as const;
  expect(versionInfoOf(build)).toMatchObject({
    gitCommit: 'abc',
    gitTreeState: 'dirty',
    buildDate: '2026-11-30T00:00:00Z',
  });
});
