/**
 * The operator's files of what a service shows and whom it believes, taken again when they are
 * renewed.
 */
import type { Clock } from '@kcp-ts/base';
import { followFiles } from '@kcp-ts/base';
import type { Logger } from 'pino';

export interface ServingFiles {
  readonly tlsCertFile: string;
  readonly tlsPrivateKeyFile: string;
  readonly clientCaFile: string;
}

/**
 * Calls `take` when one of the files has changed. It rejects where they cannot be used, half of a
 * pair among them: that is logged, and what was taken before stays in use.
 */
export function followServingFiles(
  { tlsCertFile, tlsPrivateKeyFile, clientCaFile }: ServingFiles,
  { clock, log }: { readonly clock: Clock; readonly log: Pick<Logger, 'error' | 'info'> },
  take: () => Promise<void>,
): Promise<Disposable> {
  let isFirst = true;
  return followFiles({
    paths: [tlsCertFile, tlsPrivateKeyFile, clientCaFile].filter((path) => path !== ''),
    clock,
    async load() {
      await take();
      if (!isFirst)
        log.info('the files of the serving certificate or of client authorities have changed and are in use');
      isFirst = false;
    },
    onError: (error) =>
      log.error({ err: error }, 'the files of the serving certificate cannot be used as they are now'),
  });
}
