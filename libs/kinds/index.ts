// Every kind that is built in: what is served of it, and the code of what its definition cannot
// say.
export type { Kind } from './common/kind.ts';
export type { HandlerDependencies } from './handler-dependencies.ts';
export { conversionOf, createHandlers, createStrategies, protobufMessages } from './kind-code.ts';
export type { KindDependencies } from './kind-dependencies.ts';
export { allKinds, boundDefinitions, builtinDefinitions, isBuiltIn, rootExports, systemDefinitions } from './kinds.ts';
