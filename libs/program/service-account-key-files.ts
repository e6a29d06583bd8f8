/**
 * The files with the keys of tokens of service accounts, read again whenever one of them changes: a
 * rotation needs no restart.
 */
import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { ServiceAccountKeys } from '@kcp-ts/authn';
import { parseServiceAccountKeys } from '@kcp-ts/authn';
import type { FollowDependencies } from '@kcp-ts/base';
import { followFiles, readFileIfThere, writePrivateFile } from '@kcp-ts/base';

export interface ServiceAccountKeyFilesOptions {
  readonly rootDirectory: string;
  /** Of keys that are believed; may be none. */
  readonly serviceAccountKeyFile: readonly string[];
  /**
   * Of the key that signs; the first of the others when empty, and one in the root directory
   * without those.
   */
  readonly serviceAccountSigningKeyFile: string;
}

export interface ServiceAccountKeyFiles extends Disposable {
  current(): ServiceAccountKeys;
}

/**
 * Makes `sa.key` and `sa.pub` in the root directory, where they are not there; returns the path of
 * the first.
 */
async function ensureOwnKey(rootDirectory: string): Promise<string> {
  const path = join(rootDirectory, 'sa.key');
  if ((await readFileIfThere(path)) !== undefined) return path;
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  await writePrivateFile(path, privateKey.export({ type: 'pkcs8', format: 'pem' }).toString());
  const publicKey = createPublicKey(privateKey).export({ type: 'spki', format: 'pem' }).toString();
  await writePrivateFile(join(rootDirectory, 'sa.pub'), publicKey);
  return path;
}

/**
 * Rejects, with the file, for one that cannot be used; one that cannot be used later is logged, and
 * the keys of before stay.
 */
export async function openServiceAccountKeys(
  { rootDirectory, serviceAccountKeyFile: files, serviceAccountSigningKeyFile }: ServiceAccountKeyFilesOptions,
  { clock, log, reloads }: FollowDependencies,
): Promise<ServiceAccountKeyFiles> {
  const signingPath = serviceAccountSigningKeyFile || files[0] || (await ensureOwnKey(rootDirectory));
  let keys: ServiceAccountKeys | undefined;
  let read: readonly [signing: string, further: readonly string[]] | undefined;

  async function load(): Promise<void> {
    const signing = await readFile(signingPath, 'utf8');
    const parse = (path: string, further: readonly string[]) => {
      try {
        return parseServiceAccountKeys(signing, further);
      } catch (error) {
        const why = error instanceof Error && error.message.startsWith('Cannot sign') ? `: ${error.message}` : '';
        throw new Error(
          `${path} has no ${path === signingPath ? 'private ' : ''}key in PEM that can be used: restore it${why}`,
        );
      }
    };
    parse(signingPath, []);
    const further: string[] = [];
    for (const path of files) {
      further.push(await readFile(path, 'utf8'));
      parse(path, further);
    }
    // An order to reload has them read as they were as well.
    if (isDeepStrictEqual([signing, further], read)) return;
    read = [signing, further];
    const former = keys;
    keys = parse(signingPath, further);
    if (former !== undefined)
      log.info({ verifying: keys.verifying.size }, 'the keys of service account tokens have changed');
  }

  const followed = await followFiles({
    paths: [signingPath, ...files],
    load,
    clock,
    reloads,
    onError: (error) => log.error({ err: error }, 'the keys of service account tokens have changed and cannot be used'),
  });
  return {
    current: () => keys as ServiceAccountKeys,
    [Symbol.dispose]: () => followed[Symbol.dispose](),
  };
}
