export type { StoreContract } from './describe-store.ts';
export { describeStore } from './describe-store.ts';
export type { ManualClock } from './manual-clock.ts';
export { createManualClock } from './manual-clock.ts';
export type { StoreSetup } from './store-case.ts';
