/** How a container of the image starts: as `bin/launch` starts the program, without a shell. */
import type { BuildInfo } from '@kcp-ts/program';
import type { RunConfig } from './oci-layout.ts';

/** The user `nonroot`, as images without a distribution have it. */
export const nonroot = 65532;

export function runConfigOf(version: string, build: BuildInfo): RunConfig {
  return {
    user: `${nonroot}:${nonroot}`,
    environment: {
      PATH: '/usr/bin',
      HOME: '/tmp',
      KCP_ROOT_DIRECTORY: '/var/lib/kcp-ts',
      // Memory that is not needed goes back to the machine: one arena, a heap whose young part
      // stays small.
      MALLOC_ARENA_MAX: '1',
      MALLOC_TRIM_THRESHOLD_: '131072',
      MALLOC_MMAP_THRESHOLD_: '65536',
    },
    entrypoint: [
      '/usr/bin/node',
      '--disable-proto=delete',
      '--disable-sigusr1',
      '--max-semi-space-size=8',
      '/app/dist/kcp-ts.js',
    ],
    labels: {
      'org.opencontainers.image.title': 'kcp-ts',
      'org.opencontainers.image.description':
        'Many isolated Kubernetes-style API servers from one installation, and APIs shared between them',
      'org.opencontainers.image.licenses': 'Apache-2.0',
      'org.opencontainers.image.version': version,
      'org.opencontainers.image.revision': build.commit,
      'org.opencontainers.image.created': build.date === '' ? '1970-01-01T00:00:00Z' : build.date,
    },
  };
}
