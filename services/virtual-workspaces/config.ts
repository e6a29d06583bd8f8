/** Reads the configuration once. */
import type { FlagsResult } from '@kcp-ts/flags';
import { readFlags } from '@kcp-ts/flags';
import { checkInstallation } from '@kcp-ts/program';
import type { VirtualWorkspacesConfig } from './options.ts';
import { options } from './options.ts';

/** Never exits and prints nothing: the caller does. */
export function readConfig(
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): FlagsResult<VirtualWorkspacesConfig> {
  return readFlags({
    usage: 'kcp-ts virtual-workspaces',
    table: options,
    args,
    environment,
    complete: checkInstallation,
  });
}
