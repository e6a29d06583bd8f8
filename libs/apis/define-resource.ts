/** Definitions state what is special about them; what most definitions of their family share is filled in here. */
import type { PrinterColumn, ResourceDefinition, SubresourceDefinition, Verb } from '@kcp-ts/api';
import { groupResourceText } from '@kcp-ts/api';
import { writeRulesByResource } from './k8s/write-rules.ts';
import { listBoundsOf } from './list-bounds.ts';

type Given = Pick<ResourceDefinition, 'group' | 'version' | 'kind' | 'plural' | 'schema'> & Partial<ResourceDefinition>;

/** The order in which built-in groups list their verbs. */
const builtinVerbs: readonly Verb[] = [
  'create',
  'delete',
  'deletecollection',
  'get',
  'list',
  'patch',
  'update',
  'watch',
];
/** The order in which groups served from definitions list them. */
export const customVerbs: readonly Verb[] = [
  'delete',
  'deletecollection',
  'get',
  'list',
  'patch',
  'create',
  'update',
  'watch',
];

/** A subresource that reads and writes a part of its parent. */
export function partOf(name: string): SubresourceDefinition {
  return { name, verbs: ['get', 'patch', 'update'] };
}

function filled(given: Given): Omit<ResourceDefinition, 'verbs' | 'dialect' | 'listBounds'> {
  return {
    listKind: `${given.kind}List`,
    singular: given.kind.toLowerCase(),
    shortNames: [],
    categories: [],
    namespaced: false,
    subresources: [],
    columns: [],
    selectableFields: [],
    nameFormat: 'dns-subdomain',
    ...given,
  };
}

/** A kind of Kubernetes' own. */
export function builtinDefinition(given: Given): ResourceDefinition {
  const resource = groupResourceText(given);
  const writeRules = writeRulesByResource[resource];
  if (writeRules === undefined) throw new RangeError(`Cannot find a strategy for ${resource}`);
  return { verbs: builtinVerbs, dialect: 'builtin', writeRules, ...filled(given) };
}

/** A kind that is answered and never stored. */
export function reviewDefinition(given: Given): ResourceDefinition {
  return { verbs: ['create'], dialect: 'builtin', ...filled({ ...given, virtual: true }) };
}

/** A kind of kcp's own; it behaves like a custom kind. */
export function kcpDefinition(given: Given): ResourceDefinition {
  const bounds = { listBounds: listBoundsOf(given.schema) };
  return { verbs: customVerbs, dialect: 'custom', ...filled({ categories: ['kcp'], ...given }), ...bounds };
}

/** The last column of nearly every custom kind. */
export const ageDate: PrinterColumn = { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' };
