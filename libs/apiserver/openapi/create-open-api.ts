import type { ResourceRow } from '@kcp-ts/meta';
import type { Document } from '../discovery/create-discovery.ts';
export interface OpenApi { v3Index(): Document | undefined; v3(gv: string): Document | undefined; v2Json(): Document | undefined; v2Protobuf(): Document | undefined }
export function createOpenApi(_rows: readonly ResourceRow[]): OpenApi { const n = () => undefined; return { v3Index: n, v3: n, v2Json: n, v2Protobuf: n } }
