/** Flags that services of an installation have in common. */
import type { OptionTable } from './flags.ts';

/** Of services that keep data in their root directory or in etcd. */
export const encryptionOptions = {
  encryptionProviderConfig: {
    flag: 'encryption-provider-config',
    type: 'text',
    default: '',
    text: 'File with an EncryptionConfiguration (apiserver.config.k8s.io/v1): which objects are encrypted at rest, and how. Read again when it changes; in the clear when empty.',
  },
} as const satisfies OptionTable;

export const servingOptions = {
  rootDirectory: {
    flag: 'root-directory',
    type: 'text',
    default: '.kcp',
    text: 'Folder for what the service keeps; made when it is not there.',
  },
  securePort: {
    flag: 'secure-port',
    type: 'number',
    default: 6443,
    min: 0,
    max: 65_535,
    text: 'Port for HTTPS; 0 takes a free one.',
  },
  bindAddress: { flag: 'bind-address', type: 'text', default: '0.0.0.0', text: 'Address to listen on.' },
  externalHostname: {
    flag: 'external-hostname',
    type: 'text',
    host: true,
    default: '',
    text: 'Host name at which other services reach this one; found out when empty.',
  },
  tlsCertFile: {
    flag: 'tls-cert-file',
    type: 'text',
    default: '',
    needs: ['tls-private-key-file'],
    text: 'PEM file with the serving certificate and its chain.',
  },
  tlsPrivateKeyFile: {
    flag: 'tls-private-key-file',
    type: 'text',
    default: '',
    deps: ['tls-cert-file'],
    text: 'PEM file with the key of --tls-cert-file.',
  },
  clientCaFile: {
    flag: 'client-ca-file',
    type: 'text',
    default: '',
    text: 'PEM file with the authorities of client certificates.',
  },
  shutdownDelayDuration: {
    flag: 'shutdown-delay-duration',
    type: 'duration',
    default: 0,
    max: 3_600_000,
    text: 'How long requests are served after SIGTERM while /readyz fails, so that load balancers stop sending some.',
  },
  shutdownWatchTerminationGracePeriod: {
    flag: 'shutdown-watch-termination-grace-period',
    type: 'duration',
    default: 0,
    max: 3_600_000,
    text: 'Over how long watches are ended after that, one after the other, so that not all of their clients come back at once.',
  },
  shutdownDrainSeconds: {
    flag: 'shutdown-drain-seconds',
    type: 'number',
    default: 10,
    min: 0,
    max: 3600,
    text: 'How long other open requests may go on after that.',
  },
  profilerAddress: {
    flag: 'profiler-address',
    type: 'text',
    default: '',
    text: 'host:port on loopback where CPU profiles, heap snapshots and long turns of the event loop are to be had; no profiler when empty.',
  },
  loggingFormat: {
    flag: 'logging-format',
    type: 'text',
    default: 'json',
    oneOf: ['json', 'text'],
    text: 'How the log is written: json, one object a line, or text, as Kubernetes writes it.',
  },
  verbosity: {
    flag: 'v',
    type: 'number',
    default: 2,
    min: 0,
    max: 10,
    text: 'How much is logged; 3 and more have a line for each request, 4 and more are for debugging.',
  },
} as const satisfies OptionTable;

/**
 * Of a service that has several replicas, each with a name of its own.
 */
export function nameOption<Standard extends string>(standard: Standard) {
  return {
    flag: 'name',
    type: 'text',
    default: standard,
    variable: 'POD_NAME',
    text: 'Name of this replica, another one for each; POD_NAME of the environment where it is not given.',
  } as const satisfies OptionTable[string];
}

/** Of services whose callers may show a bearer token. */
export const tokenOptions = {
  tokenAuthFile: {
    flag: 'token-auth-file',
    type: 'text',
    default: '',
    text: 'CSV file of bearer tokens: token,user,uid,"group,group".',
  },
} as const satisfies OptionTable;

/** kube-apiserver's flags, with its defaults. */
export const inFlightOptions = {
  maxRequestsInflight: {
    flag: 'max-requests-inflight',
    type: 'number',
    default: 400,
    min: 0,
    max: 1_000_000,
    text: 'How many requests that change nothing are in flight at most, watches left out; more get 429. 0 for no limit.',
  },
  maxMutatingRequestsInflight: {
    flag: 'max-mutating-requests-inflight',
    type: 'number',
    default: 200,
    min: 0,
    max: 1_000_000,
    text: 'How many requests that change something are in flight at most; more get 429. 0 for no limit.',
  },
} as const satisfies OptionTable;

const etcd = ['etcd-servers', 'coordination-etcd'];
const nats = ['nats-url'];

export const installationOptions = {
  coordinationEtcd: {
    flag: 'coordination-etcd',
    type: 'list',
    schemes: ['http', 'https'],
    default: [],
    deps: nats,
    text: 'URLs of the etcd in which the shards of the installation agree.',
  },
  etcdCafile: {
    flag: 'etcd-cafile',
    type: 'text',
    default: '',
    deps: etcd,
    text: 'PEM file with the authorities of etcd.',
  },
  etcdCertfile: {
    flag: 'etcd-certfile',
    type: 'text',
    default: '',
    deps: etcd,
    text: 'PEM file with the certificate for etcd.',
  },
  etcdKeyfile: {
    flag: 'etcd-keyfile',
    type: 'text',
    default: '',
    deps: etcd,
    text: 'PEM file with the key of --etcd-certfile.',
  },
  etcdUsername: { flag: 'etcd-username', type: 'text', default: '', deps: etcd, text: 'User name for etcd.' },
  etcdPasswordFile: {
    flag: 'etcd-password-file',
    type: 'text',
    default: '',
    deps: etcd,
    text: 'File with the password for etcd.',
  },
  natsUrl: {
    flag: 'nats-url',
    type: 'list',
    default: [],
    text: 'URLs of the NATS servers over which shards tell others of their changes. With it, a shard is one of several.',
  },
  natsUsername: { flag: 'nats-username', type: 'text', default: '', deps: nats, text: 'User name for NATS.' },
  natsPasswordFile: {
    flag: 'nats-password-file',
    type: 'text',
    default: '',
    deps: nats,
    text: 'File with the password for NATS.',
  },
  natsCafile: {
    flag: 'nats-cafile',
    type: 'text',
    default: '',
    deps: nats,
    text: 'PEM file with the authorities of NATS.',
  },
  natsCertfile: {
    flag: 'nats-certfile',
    type: 'text',
    default: '',
    deps: nats,
    text: 'PEM file with the certificate for NATS.',
  },
  natsKeyfile: {
    flag: 'nats-keyfile',
    type: 'text',
    default: '',
    deps: nats,
    text: 'PEM file with the key of --nats-certfile.',
  },
  peerCaFile: {
    flag: 'peer-ca-file',
    type: 'text',
    default: '',
    text: 'PEM file with the authority of the services of this installation.',
  },
  peerCertFile: {
    flag: 'peer-cert-file',
    type: 'text',
    default: '',
    deps: nats,
    text: 'PEM file with the certificate that shows other services who this one is.',
  },
  peerKeyFile: {
    flag: 'peer-key-file',
    type: 'text',
    default: '',
    deps: nats,
    text: 'PEM file with the key of --peer-cert-file.',
  },
} as const satisfies OptionTable;

/** Of services that others call by gRPC. */
export const rpcOptions = {
  rpcPort: {
    flag: 'rpc-port',
    type: 'number',
    default: 0,
    min: 0,
    max: 65_535,
    deps: nats,
    text: 'Port for other services; 0 takes a free one.',
  },
} as const satisfies OptionTable;
