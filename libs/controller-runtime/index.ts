export type { Controller, Source, Watch } from './controller.ts';
export type { Outcome } from './outcome.ts';
export { commit, conflict, nothing, nothingUnlessConflict, wait } from './outcome.ts';
export { createControllerRuntime } from './runtime.ts';
