/** The nats-server that tests start. */
export const natsServer: string = process.env['NATS_SERVER'] ?? 'nats-server';
