export type { Controller, InitialList, Source, Watch } from './controller.ts';
export type { Outcome } from './outcome.ts';
export { commit, conflict, nothing, nothingUnlessConflict, wait } from './outcome.ts';
export type { ControllerRuntime, ControllerRuntimeDependencies, DelayedKey } from './runtime.ts';
export { createControllerRuntime } from './runtime.ts';
