/**
 * The operator's files of what a service shows and whom it believes: read at the start, and again
 * when they are renewed.
 */
import type { Clock } from '@kcp-ts/base';
import { followFiles } from '@kcp-ts/base';
import type { ServerTls } from '@kcp-ts/http';
import type { Logger } from 'pino';

export interface ServingFiles {
  readonly tlsCertFile: string;
  readonly tlsPrivateKeyFile: string;
  readonly clientCaFile: string;
}

export interface FollowedServingFiles extends Disposable {
  /** What was read last. */
  tls(): ServerTls;
  /** Calls `take` with what the files say, whenever they have changed from now on. */
  follow(take: (tls: ServerTls) => void): void;
}

/**
 * `read` is called once at the start, and again when one of the files has changed. It rejects where
 * they cannot be used, half of a pair among them: at the start this does so too; later that is
 * logged, and what was read before stays in use.
 */
export async function followServingFiles(
  { tlsCertFile, tlsPrivateKeyFile, clientCaFile }: ServingFiles,
  { clock, log }: { readonly clock: Clock; readonly log: Pick<Logger, 'error' | 'info'> },
  read: () => Promise<ServerTls>,
): Promise<FollowedServingFiles> {
  let current: ServerTls | undefined;
  let take: ((tls: ServerTls) => void) | undefined;
  const following = await followFiles({
    paths: [tlsCertFile, tlsPrivateKeyFile, clientCaFile].filter((path) => path !== ''),
    clock,
    async load() {
      const isFirst = current === undefined;
      const next = await read();
      take?.(next);
      current = next;
      if (!isFirst)
        log.info('the files of the serving certificate or of client authorities have changed and are in use');
    },
    onError: (error) =>
      log.error({ err: error }, 'the files of the serving certificate cannot be used as they are now'),
  });
  return {
    tls() {
      if (current === undefined) throw new Error('Cannot serve: no certificate has been read');
      return current;
    },
    follow(next) {
      take = next;
    },
    [Symbol.dispose]: () => following[Symbol.dispose](),
  };
}
