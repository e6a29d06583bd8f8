/**
 * The group by its first name, `apis.kcp.dev/v1alpha1`, for YAML from the time before it was
 * renamed. It shows the objects of `apis.kcp.io` and admits older forms:
 * `spec.reference.workspace`, and claims that say neither `all` nor which objects, which mean all.
 */
import type { Conversion } from '@kcp-ts/registry';
import { object, text } from '@kcp-ts/schema/builder';
import type { Kind } from '../../common/kind.ts';
import { exportReferenceFields, pathPattern } from '../common/schemas.ts';
import { apiBindingConversion } from './apibindings/conversion.ts';
import { apiBindingsV1alpha1, apiBindingV1alpha1Schema } from './apibindings/definition.ts';
import { apiExportConversion } from './apiexports/conversion.ts';
import { apiExportsV1alpha1 } from './apiexports/definition.ts';
import { apiResourceSchemas } from './apiresourceschemas/definition.ts';

function aliasOf(kind: Kind, storedVersion: string, conversion?: Conversion): Kind {
  const { storageVersion: _, ...shared } = kind.definition;
  const definition = {
    ...shared,
    group: 'apis.kcp.dev',
    aliasOf: { group: shared.group, version: storedVersion },
  };
  return { definition, strategy: kind.strategy, conversion };
}

const reference = object('What is bound; cannot be changed.', {
  export: object('An APIExport.', exportReferenceFields, ['name']),
  workspace: object(
    'An APIExport, in the older form; shown as `export`.',
    {
      exportName: text('Name of the APIExport.'),
      path: text('Path of its workspace; this workspace when empty.', { pattern: pathPattern }),
    },
    ['exportName'],
  ),
});

const olderBindings: Kind = {
  ...apiBindingsV1alpha1,
  definition: { ...apiBindingsV1alpha1.definition, schema: apiBindingV1alpha1Schema(reference) },
};

export const aliasKinds: readonly Kind[] = [
  aliasOf(apiResourceSchemas, 'v1alpha1'),
  aliasOf(apiExportsV1alpha1, 'v1alpha2', apiExportConversion('apis.kcp.dev/v1alpha1')),
  aliasOf(olderBindings, 'v1alpha2', apiBindingConversion('apis.kcp.dev/v1alpha1')),
];
