/** Which version this is: of the package, and of the commit that `make build` packed. */
import type { BuildInfo } from './build-info.ts';
import { buildInfo } from './build-info.ts';
import ownPackage from './package.json' with { type: 'json' };

/** The Kubernetes minor version whose API clients may expect. */
const kubernetesMinor = 36;

/**
 * What `/version` says: clients choose features by the Kubernetes version, and tell kcp by the
 * suffix.
 */
export function versionInfoOf(build: BuildInfo) {
  return {
    major: '1',
    minor: String(kubernetesMinor),
    emulationMajor: '1',
    emulationMinor: String(kubernetesMinor),
    minCompatibilityMajor: '1',
    minCompatibilityMinor: String(kubernetesMinor - 1),
    gitVersion: `v1.${kubernetesMinor}.0+kcp-v${ownPackage.version}-ts`,
    gitCommit: build.commit,
    gitTreeState: build.treeState,
    // What was not built has the date that Kubernetes gives such a version.
    buildDate: build.date === '' ? '1970-01-01T00:00:00Z' : build.date,
    goVersion: `node ${process.version}`,
    compiler: 'node',
    platform: `${process.platform}/${process.arch === 'x64' ? 'amd64' : process.arch}`,
  };
}

export const versionInfo = versionInfoOf(buildInfo);
