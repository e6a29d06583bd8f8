export type { Bus, BusHandlers } from './bus.ts';
export { messageBytesMax } from './bus.ts';
export type { InProcessBusOptions } from './in-process/in-process-bus.ts';
export { createInProcessBus } from './in-process/in-process-bus.ts';
export type { NatsBusOptions } from './nats/nats-bus.ts';
export { checkNatsSecurity, connectNats } from './nats/nats-bus.ts';
export type { NatsPermissions } from './nats/nats-permissions.ts';
export { natsPermissions } from './nats/nats-permissions.ts';
export { subjectSegment } from './subject.ts';
