/** Asks git which commit is packed. */
import { execFileSync } from 'node:child_process';
import type { BuildInfo } from '@kcp-ts/program';

function git(root: string, ...args: string[]): string {
  return execFileSync('git', args, { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
}

/** `archive` where the sources are no checkout of git, or there is no git. */
export function readBuildInfo(root: string): BuildInfo {
  try {
    const seconds = Number(git(root, 'show', '--no-patch', '--format=%ct', 'HEAD'));
    return {
      commit: git(root, 'rev-parse', 'HEAD'),
      treeState: git(root, 'status', '--porcelain', '--untracked-files=no') === '' ? 'clean' : 'dirty',
      date: new Date(seconds * 1_000).toISOString().replace('.000Z', 'Z'),
    };
  } catch {
    return { commit: '', treeState: 'archive', date: '' };
  }
}
