export type { Controller } from './controller.ts';
export type { ControllerRuntime, ControllerRuntimeNeeds } from './runtime.ts';
export { createControllerRuntime } from './runtime.ts';
