/**
 * The options of the service of virtual workspaces, once: flags, environment, --help and the type
 * of the configuration all come from this table.
 */
import type { OptionTable, OptionValues } from '@kcp-ts/flags';
import { drainOptions, inFlightOptions, installationOptions, nameOption, servingOptions } from '@kcp-ts/flags';

export const options = {
  ...servingOptions,
  name: nameOption('virtual-workspaces'),
  shutdownDrainSeconds: {
    ...drainOptions.shutdownDrainSeconds,
    text: 'How long open requests may go on after SIGTERM; watches end at once, and resume at another replica.',
  },
  ...inFlightOptions,
  ...installationOptions,
} as const satisfies OptionTable;

/** What the table says. */
export type VirtualWorkspacesConfig = OptionValues<typeof options>;
