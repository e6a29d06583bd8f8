export type { BusUnderTest, Received } from './describe-bus.ts';
export { describeBus, receive } from './describe-bus.ts';
