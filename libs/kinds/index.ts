// Every kind that is built in: what is served of it, and the code of what its definition cannot
// say.
export { protobufMessages } from './kind-code.ts';
export { kindDependenciesOf } from './kind-dependencies.ts';
export { allKinds, boundDefinitions, builtinDefinitions, isBuiltIn, rootExports, systemDefinitions } from './kinds.ts';
export { createServedKinds } from './served-kinds.ts';
export { createSpecialHandlers } from './special-handlers.ts';
