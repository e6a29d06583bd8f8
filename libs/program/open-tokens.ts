/** The file of bearer tokens that the flags name. */
import type { TokenFile } from '@kcp-ts/authn';
import { openTokenFile } from '@kcp-ts/authn';
import type { ServiceContext } from './service-context.ts';

/** Undefined where there is none. */
export async function openTokens({
  config,
  clock,
  log,
}: Pick<ServiceContext<{ readonly tokenAuthFile: string }>, 'config' | 'clock' | 'log'>): Promise<
  TokenFile | undefined
> {
  const path = config.tokenAuthFile;
  if (path === '') return undefined;
  return openTokenFile({ path, clock, onError: (error) => log.error({ err: error }, 'the token file cannot be read') });
}
