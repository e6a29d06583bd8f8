/** What the conformance tests take from the environment: the one place that reads it. */

export interface ConformanceConfig {
  /** The folder of recorded answers of a running kcp; without it nothing is replayed. */
  readonly recordings: string | undefined;
}

export function readConformanceConfig(environment: NodeJS.ProcessEnv): ConformanceConfig {
  const folder = environment['KCP_RECORDINGS'];
  return { recordings: folder === undefined || folder === '' ? undefined : folder };
}
