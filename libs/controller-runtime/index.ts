export type { Controller } from './controller.ts';
export type { ControllerRuntime, ControllerRuntimeDependencies } from './runtime.ts';
export { createControllerRuntime } from './runtime.ts';
