/**
 * The front-proxy's options, once: flags, environment, --help and the type of the configuration all
 * come from this table.
 */
import type { OptionTable, OptionValues as ValuesOf } from '@kcp-ts/flags';
import { inFlightOptions, installationOptions, nameOption, servingOptions } from '@kcp-ts/flags';

export const options = {
  ...servingOptions,
  name: nameOption('front-proxy'),
  rootShardName: {
    flag: 'root-shard-name',
    type: 'text',
    default: 'root',
    text: 'Name of the shard that holds the workspace root: requests for no workspace go there.',
  },
  mappingFile: {
    flag: 'mapping-file',
    type: 'text',
    default: '',
    text: 'YAML list of path, backend, backend_server_ca, proxy_client_cert and proxy_client_key, for paths of other servers.',
  },
  authenticationPassOnGroups: {
    flag: 'authentication-pass-on-groups',
    type: 'list',
    default: [],
    text: 'Groups of client certificates that are passed on; prefix* stands for any end, and none for all.',
  },
  authenticationDropGroups: {
    flag: 'authentication-drop-groups',
    type: 'list',
    default: [
      'system:masters',
      'system:kcp:logical-cluster-admin',
      'system:kcp:initializer:*',
      'system:kcp:terminator:*',
    ],
    text: 'Groups of client certificates that are not passed on. The defaults are never passed on.',
  },
  ...inFlightOptions,
  ...installationOptions,
} as const satisfies OptionTable;

/** What the table says. */
export type FrontProxyConfig = ValuesOf<typeof options>;
