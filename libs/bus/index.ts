export type { Bus, BusHandlers } from './bus.ts';
export { createInProcessBus } from './in-process/in-process-bus.ts';
export { connectNats } from './nats/nats-bus.ts';
export { natsPermissions } from './nats/nats-permissions.ts';
export { subjectSegment } from './subject.ts';
