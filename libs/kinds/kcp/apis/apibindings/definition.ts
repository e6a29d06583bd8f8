import type { JsonSchema, PrinterColumn } from '@kcp-ts/api';
import type { Fields } from '@kcp-ts/schema/builder';
import { kindSchema, list, mapList, object, oneOf, setList, string, text } from '@kcp-ts/schema/builder';
import type { Kind } from '../../../common/kind.ts';
import { ageDate, kcpKind, kcpVersion, partOf } from '../../../common/kind.ts';
import { conditions, exportReferenceFields } from '../../common/schemas.ts';
import { claimFields, claimState, grantedClaimFields, legacyClaimFields } from '../permission-claims.ts';
import { apiBindingConversion } from './conversion.ts';
import { createApiBindingsStrategy } from './strategy.ts';

const bindingDescription = 'APIBinding brings the APIs of an APIExport into this workspace.';

const boundSchema = object(
  'The schema that is served, pinned.',
  {
    UID: text('UID of the APIResourceSchema.', { minLength: 1 }),
    identityHash: text('Identity of the export.', { minLength: 1 }),
    name: text('Name of the APIResourceSchema.', { minLength: 1 }),
  },
  ['UID', 'identityHash', 'name'],
);

const statusFields: Fields = {
  apiExportClusterName: text('Logical cluster of the APIExport.'),
  boundResources: mapList(
    'What is served through this binding.',
    ['group', 'resource'],
    object(
      'A resource.',
      {
        group: text('API group; empty for the core group.'),
        resource: text('Resource, in plural.'),
        schema: boundSchema,
        storageVersions: setList('Versions that objects may be stored in.', string),
      },
      ['group', 'resource', 'schema'],
    ),
  ),
  conditions,
  phase: oneOf('How far the binding has come.', ['', 'Binding', 'Bound']),
};

const readyColumn: PrinterColumn = {
  name: 'Ready',
  type: 'string',
  jsonPath: '.status.conditions[?(@.type=="Ready")].status',
};

const claimKeys = ['group', 'resource', 'identityHash'];

export const apiBindingsV1alpha2: Kind = kcpKind({
  group: 'apis.kcp.io',
  version: 'v1alpha2',
  kind: 'APIBinding',
  plural: 'apibindings',
  subresources: [partOf('status')],
  strategy: createApiBindingsStrategy,
  rules: true,
  columns: [ageDate, readyColumn],
  schema: kindSchema(
    bindingDescription,
    {
      spec: object(
        'What is bound and what is granted for it.',
        {
          permissionClaims: mapList(
            'Answers to the claims of the export.',
            claimKeys,
            object('A claim and the answer.', { ...grantedClaimFields, state: claimState }, [
              'resource',
              'selector',
              'state',
              'verbs',
            ]),
          ),
          reference: object('What is bound; cannot be changed.', {
            export: object('An APIExport.', exportReferenceFields, ['name']),
          }),
        },
        ['reference'],
      ),
      status: object('What became of the binding.', {
        ...statusFields,
        appliedPermissionClaims: mapList(
          'Claims in force.',
          claimKeys,
          object('A claim.', grantedClaimFields, ['resource', 'selector', 'verbs']),
        ),
        exportPermissionClaims: list('Claims of the export.', object('A claim.', claimFields, ['resource', 'verbs'])),
      }),
    },
    ['spec'],
  ),
});

const legacyClaim = object('A claim.', legacyClaimFields, ['resource']);

/** v1alpha1 with the given way to say what is bound: the alias group knows one more. */
export function apiBindingV1alpha1Schema(reference: JsonSchema): JsonSchema {
  return kindSchema(
    bindingDescription,
    {
      spec: object(
        'What is bound and what is granted for it.',
        {
          permissionClaims: list(
            'Answers to the claims of the export.',
            object('A claim and the answer.', { ...legacyClaimFields, state: claimState }, ['resource', 'state']),
          ),
          reference,
        },
        ['reference'],
      ),
      status: object('What became of the binding.', {
        ...statusFields,
        appliedPermissionClaims: list('Claims in force.', legacyClaim),
        exportPermissionClaims: list('Claims of the export.', legacyClaim),
      }),
    },
    ['spec'],
  );
}

export const apiBindingsV1alpha1: Kind = kcpVersion(apiBindingsV1alpha2, {
  version: 'v1alpha1',
  conversion: apiBindingConversion('apis.kcp.io/v1alpha1'),
  schema: apiBindingV1alpha1Schema(
    object(
      'What is bound; cannot be changed.',
      { export: object('An APIExport.', exportReferenceFields, ['name']) },
      undefined,
      { oneOf: [{ required: ['export'] }] },
    ),
  ),
});
