/**
 * Permission claims: what a provider asks for in an export and a consumer grants in a binding, in
 * both versions.
 */
import type { Fields } from '@kcp-ts/schema/builder';
import { flag, list, object, oneOf, setList, string, text } from '@kcp-ts/schema/builder';
import { groupPattern, labelSelector, resourcePattern } from '../common/schemas.ts';

const matchAll: Fields = { matchAll: flag('True selects every object.') };

/** v1alpha2, of an export. */
export const claimFields: Fields = {
  defaultSelector: labelSelector('What consumers grant if they say nothing else.', matchAll),
  group: text('API group of the resource; empty for the core group.', { default: '', pattern: groupPattern }),
  identityHash: text('Identity of the export that the resource comes from; empty for built-in resources.', {
    default: '',
  }),
  resource: text('Resource, in plural.', { pattern: resourcePattern }),
  verbs: setList('What the provider wants to do; `*` means everything.', string, { minItems: 1 }),
};

/** v1alpha2, granted by a binding. */
export const grantedClaimFields: Fields = {
  ...claimFields,
  selector: labelSelector('Which objects the claim is for.', matchAll),
};

export const claimState = oneOf('Whether the consumer grants the claim.', ['Accepted', 'Rejected']);

const resourceSelector = list(
  'Single objects that the claim is for.',
  object('Objects by name, by namespace or by both.', {
    name: text('Name of the object.', {
      minLength: 1,
      maxLength: 253,
      pattern: '^([a-z0-9][-a-z0-9_.]*)?[a-z0-9]$',
    }),
    namespace: text('Namespace of the object.', { minLength: 1 }),
  }),
);

const group = text('API group of the resource; empty for the core group.', { pattern: groupPattern });

/** v1alpha1, of a binding. */
export const legacyClaimFields: Fields = {
  all: flag('True: the claim is for every object.'),
  group,
  identityHash: text('Identity of the export that the resource comes from; empty for built-in resources.'),
  resource: text('Resource, in plural.', { pattern: resourcePattern }),
  resourceSelector,
};

/** v1alpha1, of an export: the group is a key of the list there, and so has a default. */
export const legacyExportClaimFields: Fields = { ...legacyClaimFields, group: { ...group, default: '' } };
