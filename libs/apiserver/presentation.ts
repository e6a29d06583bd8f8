import { createDiscovery } from '@kcp-ts/discovery';
import { createOpenApi } from '@kcp-ts/openapi';
import type { ApiSurface } from '@kcp-ts/registry';
import type { ApiSurfaceDocuments, Presentation } from './server-dependencies.ts';

/**
 * Discovery and OpenAPI of a surface, made on first use and kept for as long as the surface is.
 * `serverAddress`: as discovery names it.
 */
export function createPresentation(serverAddress: string): Presentation {
  const documents = new WeakMap<ApiSurface, ApiSurfaceDocuments>();
  return {
    of(surface) {
      let found = documents.get(surface);
      if (found === undefined) {
        const definitions = surface.resources.map(({ definition }) => definition);
        found = { discovery: createDiscovery(definitions, { serverAddress }), openApi: createOpenApi(definitions) };
        documents.set(surface, found);
      }
      return found;
    },
  };
}
