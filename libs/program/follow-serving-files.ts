/**
 * The operator's files of the certificate of a service and of the client authorities that it
 * trusts: read at the start, and again when they are renewed.
 */
import { isDeepStrictEqual } from 'node:util';
import type { FollowDependencies, Live } from '@kcp-ts/base';
import { followFiles } from '@kcp-ts/base';
import type { ServerTls } from '@kcp-ts/http';

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
 * logged, and what was read before stays in use. `peers`: what services show each other, of which
 * `read` takes the authorities; it is called again when that has changed.
 */
export async function followServingFiles(
  { tlsCertFile, tlsPrivateKeyFile, clientCaFile }: ServingFiles,
  { clock, log, reloads }: FollowDependencies,
  read: () => Promise<ServerTls>,
  peers?: Live<unknown> | undefined,
): Promise<FollowedServingFiles> {
  let current: ServerTls | undefined;
  let take: ((tls: ServerTls) => void) | undefined;
  async function load(): Promise<void> {
    const next = await read();
    take?.(next);
    current = next;
  }
  const onError = (error: unknown) =>
    log.error({ err: error }, 'the files of the serving certificate cannot be used as they are now');
  const following = await followFiles({
    paths: [tlsCertFile, tlsPrivateKeyFile, clientCaFile].filter((path) => path !== ''),
    clock,
    reloads,
    async load() {
      const before = current;
      await load();
      if (before !== undefined && !isDeepStrictEqual(before, current))
        log.info({}, 'the files of the serving certificate or of client authorities have changed and are in use');
    },
    onError,
  });
  const followingPeers = peers?.onChange(() => void load().catch(onError));
  return {
    tls() {
      if (current === undefined) throw new Error('Cannot serve: no certificate has been read');
      return current;
    },
    follow(next) {
      take = next;
    },
    [Symbol.dispose]() {
      following[Symbol.dispose]();
      followingPeers?.[Symbol.dispose]();
    },
  };
}
