export type { Bus, BusHandlers } from './bus.ts';
export { messageBytesMax } from './bus.ts';
// Buses
export type { InProcessBusOptions } from './in-process/in-process-bus.ts';
export { createInProcessBus } from './in-process/in-process-bus.ts';
export type { ConnectNatsOptions } from './nats/connect-nats.ts';
export { connectNats } from './nats/connect-nats.ts';
export type { NatsOptions, NatsTls } from './nats/nats-options.ts';
export type { NatsPermissions, NatsServiceKind } from './nats/nats-permissions.ts';
export { natsPermissions, natsServiceName } from './nats/nats-permissions.ts';
export { subjectSegment } from './subject.ts';
