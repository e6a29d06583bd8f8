export type { OpenApi } from './create-open-api.ts';
export { createOpenApi } from './create-open-api.ts';
export { objectMetaSchema } from './object-meta.ts';
