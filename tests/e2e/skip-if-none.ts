import { it } from 'vitest';
import { installation } from '../harness/config.ts';
import { missing as noServers } from '../harness/sharded.ts';
import type { Kubectl } from './kubectl.ts';

const noKubectl = 'there is no kubectl in the folders of PATH or of the Google Cloud SDK';
const why = (installation === 'cluster' ? noServers : undefined) ?? noKubectl;

/** Says that a file of tests is skipped, and why, where no kubectl is there to run it with. */
export function skipIfNone(kubectls: readonly Kubectl[]): void {
  if (kubectls.length > 0) return;
  console.warn(`skipped: ${why}`);
  it.skip(why, () => undefined);
}
