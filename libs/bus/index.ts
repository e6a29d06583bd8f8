export type { Bus, BusHandlers } from './bus.ts';
export { messageBytesMax } from './bus.ts';
export type { InProcessBusOptions } from './in-process/in-process-bus.ts';
export { createInProcessBus } from './in-process/in-process-bus.ts';
export { subjectSegment } from './subject.ts';
