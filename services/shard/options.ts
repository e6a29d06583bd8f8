/**
 * The shard's options, once: flags, environment, --help and the type of the configuration all come
 * from this table. Names and defaults are kcp's where it has them.
 */
import type { OptionTable, OptionValues as ValuesOf } from '@kcp-ts/flags';
import {
  encryptionOptions,
  inFlightOptions,
  installationOptions,
  rpcOptions,
  servingOptions,
  tokenOptions,
} from '@kcp-ts/flags';

const { rootDirectory, securePort, bindAddress, externalHostname, tlsCertFile, tlsPrivateKeyFile, clientCaFile } =
  servingOptions;

export const options = {
  rootDirectory: {
    ...rootDirectory,
    text: 'Folder for data, certificates and the kubeconfig; made when it is not there.',
  },
  securePort,
  bindAddress,
  externalHostname: {
    ...externalHostname,
    text: 'Host name in the URLs that are given to clients; found out when empty.',
  },
  shardName: { flag: 'shard-name', type: 'text', default: 'root', text: 'Name of this shard.' },
  rootShardName: {
    flag: 'root-shard-name',
    type: 'text',
    default: '',
    deps: ['nats-url'],
    text: 'Name of the shard that holds the workspace root; this one when empty.',
  },
  shardLabels: {
    flag: 'shard-labels',
    type: 'list',
    default: [],
    keyValue: true,
    deps: ['nats-url'],
    text: 'Labels of the Shard object, key=value: workspaces and partitions select shards by them.',
  },
  shardBaseUrl: {
    flag: 'shard-base-url',
    type: 'text',
    scheme: 'https',
    default: '',
    text: 'URL at which other services reach this shard; made of host name and port when empty.',
  },
  shardExternalUrl: {
    flag: 'shard-external-url',
    type: 'text',
    scheme: 'https',
    default: '',
    text: 'URL at which clients reach workspaces; the base URL when empty.',
  },
  shardVirtualWorkspaceUrl: {
    flag: 'shard-virtual-workspace-url',
    type: 'text',
    scheme: 'https',
    default: '',
    text: 'URL at which clients reach virtual workspaces; the base URL when empty.',
  },
  tlsCertFile: {
    ...tlsCertFile,
    text: 'PEM file with the serving certificate and its chain; one is made in the root directory when empty.',
  },
  tlsPrivateKeyFile,
  clientCaFile: {
    ...clientCaFile,
    text: 'PEM file with the authorities of client certificates; one is made in the root directory when empty.',
  },
  ...tokenOptions,
  serviceAccountKeyFile: {
    flag: 'service-account-key-file',
    type: 'list',
    default: [],
    text: 'PEM files with the keys that tokens of service accounts are verified by, public or private; that which signs is one of them. Read again when they change.',
  },
  serviceAccountSigningKeyFile: {
    flag: 'service-account-signing-key-file',
    alias: 'service-account-private-key-file',
    type: 'text',
    default: '',
    text: 'PEM file with the private key that signs tokens of service accounts; the first of --service-account-key-file when empty, and without that sa.key in the root directory.',
  },
  anonymousAuth: {
    flag: 'anonymous-auth',
    type: 'switch',
    default: true,
    text: 'Take requests without credentials for those of system:anonymous.',
  },
  authenticationAdminTokenPath: {
    flag: 'authentication-admin-token-path',
    type: 'text',
    default: '',
    text: 'File with the hash of the shard-admin token; .admin-token-store in the root directory when empty.',
  },
  kubeconfigPath: {
    flag: 'kubeconfig-path',
    type: 'text',
    default: '',
    text: "Where the administrators' kubeconfig is written; admin.kubeconfig in the root directory when empty.",
  },
  batteriesIncluded: {
    flag: 'batteries-included',
    type: 'list',
    choices: ['workspace-types', 'admin', 'user', 'metrics-viewer'],
    default: ['workspace-types', 'admin'],
    text: 'What is set up at the start: workspace-types, admin, user, metrics-viewer; +name adds to the defaults, -name takes away.',
  },
  etcdServers: {
    flag: 'etcd-servers',
    type: 'list',
    schemes: ['http', 'https'],
    default: [],
    text: 'URLs of the etcd that holds the data of this shard; a store in the root directory when empty.',
  },
  etcdPrefix: {
    flag: 'etcd-prefix',
    type: 'text',
    default: '',
    deps: ['etcd-servers'],
    text: 'What the keys of this shard begin with in etcd; /kcp/ and its name when empty.',
  },
  leaderElectLeaseDuration: {
    flag: 'leader-elect-lease-duration',
    type: 'number',
    default: 3,
    min: 2,
    max: 600,
    deps: ['etcd-servers'],
    text: 'Seconds that a shard is owned for without a word of etcd: a standby waits so long before it takes over, and an owner goes on serving through so long an outage of etcd.',
  },
  ...encryptionOptions,
  ...inFlightOptions,
  ...installationOptions,
  natsUrl: {
    ...installationOptions.natsUrl,
    needs: ['peer-ca-file', 'peer-cert-file', 'peer-key-file', 'etcd-servers'],
  },
  ...rpcOptions,
  enableHomeWorkspaces: {
    flag: 'enable-home-workspaces',
    type: 'switch',
    default: true,
    text: 'Give each user a home workspace, at ~.',
  },
  homeWorkspacesHomeCreatorGroups: {
    flag: 'home-workspaces-home-creator-groups',
    type: 'list',
    default: ['system:authenticated'],
    text: 'Groups whose members get a home workspace.',
  },
  loggingFormat: servingOptions.loggingFormat,
  shutdownDelayDuration: servingOptions.shutdownDelayDuration,
  shutdownWatchTerminationGracePeriod: servingOptions.shutdownWatchTerminationGracePeriod,
  shutdownDrainSeconds: servingOptions.shutdownDrainSeconds,
  profilerAddress: servingOptions.profilerAddress,
  verbosity: servingOptions.verbosity,
} as const satisfies OptionTable;

/** Paths are absolute and not empty, but for files that the operator may leave out. */
export type ShardConfig = ValuesOf<typeof options>;
