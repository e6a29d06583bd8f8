/**
 * The cache-server's options, once: flags, environment, --help and the type of the configuration
 * all come from this table.
 */
import type { OptionTable, OptionValues as ValuesOf } from '@kcp-ts/flags';
import { installationOptions, nameOption, rpcOptions, servingOptions, tokenOptions } from '@kcp-ts/flags';

export const options = {
  ...servingOptions,
  rootDirectory: { ...servingOptions.rootDirectory, default: '.kcp-cache' },
  name: nameOption('cache-server'),
  ...tokenOptions,
  ...installationOptions,
  ...rpcOptions,
} as const satisfies OptionTable;

/** What the table says. */
export type CacheServerConfig = ValuesOf<typeof options>;
