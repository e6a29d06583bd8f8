/**
 * The options of the service of virtual workspaces, once: flags, environment, --help and the type
 * of the configuration all come from this table.
 */
import type { OptionTable, OptionValues } from '@kcp-ts/flags';
import { inFlightOptions, installationOptions, nameOption, servingOptions } from '@kcp-ts/flags';

export const options = {
  ...servingOptions,
  name: nameOption('virtual-workspaces'),
  ...inFlightOptions,
  ...installationOptions,
} as const satisfies OptionTable;

/** What the table says. */
export type VirtualWorkspacesConfig = OptionValues<typeof options>;
