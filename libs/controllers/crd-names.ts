/**
 * Which names of a CRD are accepted: those that nobody else in its group and workspace has, as
 * apiextensions decides it.
 */
import type { Condition, ConditionChange } from '@kcp-ts/api';
import type { CustomResourceDefinition, ResourceNames } from '@kcp-ts/sharing';

interface Names extends ResourceNames {
  readonly categories?: readonly string[];
}

export interface NamesDecision {
  readonly acceptedNames: Partial<Names>;
  readonly condition: ConditionChange;
}

interface Taken {
  readonly resources: ReadonlySet<string>;
  readonly kinds: ReadonlySet<string>;
}

/** Names in use by others of the same group. */
export function takenNames(others: readonly Partial<ResourceNames>[]): Taken {
  const resources = new Set<string>();
  const kinds = new Set<string>();
  for (const names of others) {
    for (const name of [names.plural, names.singular, ...(names.shortNames ?? [])]) if (name) resources.add(name);
    for (const kind of [names.kind, names.listKind]) if (kind) kinds.add(kind);
  }
  return { resources, kinds };
}

function inUse(name: string): string {
  return `${JSON.stringify(name)} is already in use`;
}

/**
 * Kubernetes keeps the accepted names of before where a new one is taken; a first decision has
 * none.
 */
export function decideNames(definition: CustomResourceDefinition, taken: Taken): NamesDecision {
  const wanted = definition.spec.names as Names;
  const before = (definition.status?.acceptedNames ?? {}) as Partial<Names>;
  const accepted: { -readonly [K in keyof Names]?: Names[K] } = {
    plural: before.plural ?? '',
    kind: before.kind ?? '',
  };
  if (before.singular) accepted.singular = before.singular;
  if (before.listKind) accepted.listKind = before.listKind;
  if (before.shortNames) accepted.shortNames = before.shortNames;
  let problem: ConditionChange | undefined;
  const refuse = (reason: string, message: string) => {
    problem = { type: 'NamesAccepted', status: 'False', reason, message };
  };
  if (taken.resources.has(wanted.plural)) refuse('PluralConflict', inUse(wanted.plural));
  else accepted.plural = wanted.plural;
  if (wanted.singular !== undefined) {
    if (taken.resources.has(wanted.singular)) refuse('SingularConflict', inUse(wanted.singular));
    else accepted.singular = wanted.singular;
  }
  const shortTaken = (wanted.shortNames ?? []).filter((name) => taken.resources.has(name));
  if (shortTaken.length > 0) refuse('ShortNamesConflict', shortTaken.map(inUse).join(', '));
  else if (wanted.shortNames !== undefined) accepted.shortNames = wanted.shortNames;
  if (taken.kinds.has(wanted.kind)) refuse('KindConflict', inUse(wanted.kind));
  else accepted.kind = wanted.kind;
  if (wanted.listKind !== undefined) {
    if (taken.kinds.has(wanted.listKind)) refuse('ListKindConflict', inUse(wanted.listKind));
    else accepted.listKind = wanted.listKind;
  }
  if (wanted.categories !== undefined) accepted.categories = wanted.categories;
  return {
    acceptedNames: accepted,
    condition: problem ?? {
      type: 'NamesAccepted',
      status: 'True',
      reason: 'NoConflicts',
      message: 'no conflicts found',
    },
  };
}

/** The condition Established: once True it stays, as objects may exist. */
export function establishedCondition(
  names: ConditionChange,
  before: readonly Condition[],
): ConditionChange | undefined {
  if (before.some((condition) => condition.type === 'Established' && condition.status === 'True')) return undefined;
  if (names.status === 'True')
    return {
      type: 'Established',
      status: 'True',
      reason: 'InitialNamesAccepted',
      message: 'the initial names have been accepted',
    };
  return { type: 'Established', status: 'False', reason: 'NotAccepted', message: 'not all names are accepted' };
}
