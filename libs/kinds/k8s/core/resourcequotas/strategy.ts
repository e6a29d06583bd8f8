/**
 * ResourceQuotas: bounds that are quantities of something countable, for scopes that never change.
 */
import { isDeepStrictEqual } from 'node:util';
import type { FieldError, KubeObject } from '@kcp-ts/api';
import { invalidValue, parseQuantity, requiredValue, unsupportedValue } from '@kcp-ts/api';
import type { Strategy } from '@kcp-ts/registry';
import { immutableField } from '../../../common/immutable.ts';
import { isCounted, quotaResourceErrors } from '../resource-names.ts';

interface ScopeRequirement {
  readonly scopeName?: string;
  readonly operator?: string;
  readonly values?: readonly string[];
}

interface ResourceQuota extends KubeObject {
  readonly spec?: {
    readonly hard?: Readonly<Record<string, string | number>>;
    readonly scopes?: readonly string[];
    readonly scopeSelector?: { readonly matchExpressions?: readonly ScopeRequirement[] };
  };
  readonly status?: {
    readonly hard?: Readonly<Record<string, string | number>>;
    readonly used?: Readonly<Record<string, string | number>>;
  };
}

const nanoPerUnit = 1_000_000_000n;
const scopes = [
  'BestEffort',
  'CrossNamespacePodAffinity',
  'NotBestEffort',
  'NotTerminating',
  'PriorityClass',
  'Terminating',
];
const opposites = [
  ['BestEffort', 'NotBestEffort'],
  ['Terminating', 'NotTerminating'],
] as const;
const operators = ['DoesNotExist', 'Exists', 'In', 'NotIn'];
const bareScopes = new Set([
  'BestEffort',
  'NotBestEffort',
  'Terminating',
  'NotTerminating',
  'CrossNamespacePodAffinity',
]);

function amountErrors(amounts: Readonly<Record<string, string | number>> | undefined, field: string): FieldError[] {
  return Object.entries(amounts ?? {}).flatMap(([name, text]) => {
    const path = `${field}[${name}]`;
    const errors = quotaResourceErrors(name, path);
    const amount = parseQuantity(String(text));
    // Texts that are no quantities do not get past the schema.
    if (amount === undefined) return errors;
    if (amount.nano < 0n) errors.push(invalidValue(path, text, 'must be greater than or equal to 0'));
    if (isCounted(name) && amount.nano % nanoPerUnit !== 0n)
      errors.push(invalidValue(path, text, 'must be an integer'));
    return errors;
  });
}

function scopeErrors(named: readonly string[] | undefined): FieldError[] {
  const field = 'spec.scopes';
  if (named === undefined) return [];
  const unsupported = named.filter((scope) => !scopes.includes(scope));
  // Kubernetes says it once for each, and each time of all of them: that text is made once.
  const errors = unsupported.length === 0 ? [] : [invalidValue(field, named, 'unsupported scope')];
  for (const [error] = errors; error !== undefined && errors.length < unsupported.length; ) errors.push(error);
  if (opposites.some(([one, other]) => named.includes(one) && named.includes(other))) {
    errors.push(invalidValue(field, named, 'conflicting scopes'));
  }
  return errors;
}

function requirementErrors(
  { scopeName = '', operator = '', values = [] }: ScopeRequirement,
  field: string,
): FieldError[] {
  const errors: FieldError[] = [];
  if (!scopes.includes(scopeName)) errors.push(invalidValue(`${field}.scopeName`, scopeName, 'unsupported scope'));
  if (bareScopes.has(scopeName) && operator !== 'Exists') {
    const why = `must be 'Exist' when scope is any of ResourceQuotaScopeTerminating, ResourceQuotaScopeNotTerminating, ResourceQuotaScopeBestEffort, ResourceQuotaScopeNotBestEffort or ResourceQuotaScopeCrossNamespacePodAffinity`;
    errors.push(invalidValue(`${field}.operator`, operator, why));
    return errors;
  }
  const sets = operator === 'In' || operator === 'NotIn';
  if (sets && values.length === 0) {
    errors.push(
      requiredValue(
        `${field}.values`,
        "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector",
      ),
    );
  } else if (!sets && operators.includes(operator) && values.length > 0) {
    errors.push(
      invalidValue(
        `${field}.values`,
        values,
        "must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector",
      ),
    );
  }
  if (!operators.includes(operator)) errors.push(unsupportedValue(`${field}.operator`, operator, operators));
  return errors;
}

function specErrors({ spec }: ResourceQuota): FieldError[] {
  const requirements = spec?.scopeSelector?.matchExpressions ?? [];
  return [
    ...amountErrors(spec?.hard, 'spec.hard'),
    ...scopeErrors(spec?.scopes),
    ...requirements.flatMap((requirement, i) =>
      requirementErrors(requirement, `spec.scopeSelector.matchExpressions[${i}]`),
    ),
  ];
}

function unchangedScopes(object: ResourceQuota, old: ResourceQuota): FieldError[] {
  const now = [...(object.spec?.scopes ?? [])].sort();
  const before = [...(old.spec?.scopes ?? [])].sort();
  return isDeepStrictEqual(now, before) ? [] : immutableField('spec.scopes', old.spec?.scopes, object.spec?.scopes);
}

function statusErrors({ status }: ResourceQuota): FieldError[] {
  return [...amountErrors(status?.hard, 'status.hard'), ...amountErrors(status?.used, 'status.used')];
}

export function createResourceQuotasStrategy(): Strategy {
  return {
    validateCreate: (object) => specErrors(object as ResourceQuota),
    validateUpdate: (object, old, { subresource }) =>
      subresource === 'status'
        ? statusErrors(object as ResourceQuota)
        : [...specErrors(object as ResourceQuota), ...unchangedScopes(object as ResourceQuota, old as ResourceQuota)],
  };
}
