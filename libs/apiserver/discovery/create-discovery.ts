import type { ResourceRow } from '@kcp-ts/meta';
export interface Document { readonly bytes: Uint8Array; readonly etag: string }
export interface Discovery { api(): Document | undefined; apis(): Document | undefined; group(n: string): Document | undefined; groupVersion(g: string, v: string): Document | undefined; aggregatedApi(v: 'v2' | 'v2beta1'): Document | undefined; aggregatedApis(v: 'v2' | 'v2beta1'): Document | undefined; rootPaths(): Document | undefined }
export function createDiscovery(_rows: readonly ResourceRow[]): Discovery { const n = () => undefined; return { api: n, apis: n, group: n, groupVersion: n, aggregatedApi: n, aggregatedApis: n, rootPaths: n } }
