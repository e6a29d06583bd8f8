/** Which servers tests start: the ones that the environment names, else those on PATH. */
export const programs = {
  etcd: process.env['ETCD'] ?? 'etcd',
  natsServer: process.env['NATS_SERVER'] ?? 'nats-server',
} as const;
