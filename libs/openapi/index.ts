export type { OpenApi } from './create-open-api.ts';
export { createOpenApi } from './create-open-api.ts';
