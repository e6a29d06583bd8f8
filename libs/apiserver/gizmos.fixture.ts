/** A custom resource for tests of handlers, which say what else it has. */
import type { ResourceDefinition } from '@kcp-ts/api';
import type { Origin, ServedResource } from '@kcp-ts/registry';
import { noStrategy, serve } from '@kcp-ts/registry';
import { compileSchema } from '@kcp-ts/schema';

export const gizmos: ResourceDefinition = {
  group: 'rec.io',
  version: 'v1',
  kind: 'Gizmo',
  listKind: 'GizmoList',
  plural: 'gizmos',
  singular: 'gizmo',
  shortNames: [],
  categories: [],
  namespaced: true,
  verbs: ['get'],
  subresources: [],
  schema: { type: 'object' },
  columns: [],
  selectableFields: [],
  dialect: 'custom',
  nameFormat: 'dns-subdomain',
};

export function serveGizmos(definition: ResourceDefinition, origin: Origin): ServedResource {
  const { schema, scale } = definition;
  return serve(definition, {
    identity: 'customresources',
    origin,
    schema: compileSchema(schema, { dialect: 'custom', kind: 'Gizmo', scale }),
    strategy: noStrategy,
    fingerprint: '0123456789abcdef',
  });
}
