/** What every program reports of itself, whichever service it is. */
import { X509Certificate } from 'node:crypto';
import type { Series } from '@kcp-ts/observability';
import { versionInfo } from './version.ts';

/** PEM of what is in use now; '' where there is none. */
export type CurrentCertificate = () => string;

/** When certificates that are in use end, by what they are used for. */
export interface CertificateDates {
  /** From now on the one of that use is reported. */
  follow(use: 'serving' | 'peer', certificate: CurrentCertificate): void;
  readonly series: readonly Series[];
}

export function createCertificateDates(): CertificateDates {
  const followed = new Map<string, CurrentCertificate>();
  return {
    follow: (use, certificate) => void followed.set(use, certificate),
    series: [
      {
        kind: 'gauge',
        name: 'kcp_certificate_expiration_timestamp_seconds',
        help: 'When a certificate that this process shows ends, in seconds since the epoch.',
        labels: ['use'],
        read: () =>
          [...followed].flatMap(([use, certificate]) => {
            const pem = certificate();
            return pem === '' ? [] : [[{ use }, new X509Certificate(pem).validToDate.getTime() / 1_000] as const];
          }),
      },
    ],
  };
}

/** Always 1; the labels say which version runs. */
export const buildSeries: Series = {
  kind: 'gauge',
  name: 'kcp_ts_build_info',
  help: 'A metric with a constant value of 1, labelled by the version, the commit and the platform of the program.',
  labels: ['version', 'git_commit', 'build_date', 'node_version', 'platform'],
  read: () => [
    [
      {
        version: versionInfo.gitVersion,
        git_commit: versionInfo.gitCommit,
        build_date: versionInfo.buildDate,
        node_version: process.version,
        platform: versionInfo.platform,
      },
      1,
    ],
  ],
};
