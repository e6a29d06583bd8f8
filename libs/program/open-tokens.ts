/** The file of bearer tokens that the flags name. */
import type { TokenFile } from '@kcp-ts/authn';
import { openTokenFile } from '@kcp-ts/authn';
import type { ServiceContext } from './service-context.ts';

/** Undefined where there is none. */
export async function openTokens({
  config,
  clock,
  log,
  reloads,
}: Pick<ServiceContext<{ readonly tokenAuthFile: string }>, 'config' | 'clock' | 'log' | 'reloads'>): Promise<
  TokenFile | undefined
> {
  const path = config.tokenAuthFile;
  if (path === '') return undefined;
  const onError = (error: Error) => log.error({ err: error }, 'the token file cannot be read');
  return openTokenFile({ path, clock, reloads, onError });
}
