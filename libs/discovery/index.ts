export type { Discovery } from './create-discovery.ts';
export { createDiscovery } from './create-discovery.ts';
export type { Document } from './document.ts';
export { documentNamed, documentOf } from './document.ts';
