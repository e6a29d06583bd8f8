/** Reads the cache-server's configuration once. */
import type { FlagsResult } from '@kcp-ts/flags';
import { readFlags } from '@kcp-ts/flags';
import { checkInstallation } from '@kcp-ts/program';
import type { CacheServerConfig } from './options.ts';
import { options } from './options.ts';

/** Never exits and prints nothing: the caller does. */
export function readConfig(
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): FlagsResult<CacheServerConfig> {
  return readFlags({ usage: 'kcp-ts cache-server', table: options, args, environment, complete: checkInstallation });
}
