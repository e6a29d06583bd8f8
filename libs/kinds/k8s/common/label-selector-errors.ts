/** What is wrong with a label selector inside of an object, in Kubernetes' words. */
import type { FieldError } from '@kcp-ts/api';
import {
  forbiddenField,
  invalidValue,
  requiredValue,
  validateLabels,
  validateLabelValue,
  validateQualifiedName,
} from '@kcp-ts/api';

interface Requirement {
  readonly key?: string;
  readonly operator?: string;
  readonly values?: readonly string[] | null;
}

export interface SelectorToCheck {
  readonly matchLabels?: Record<string, string>;
  readonly matchExpressions?: readonly Requirement[];
}

function requirementErrors({ key = '', operator = '', values }: Requirement, field: string): FieldError[] {
  const sent = values ?? [];
  const errors: FieldError[] = [];
  switch (operator) {
    case 'In':
    case 'NotIn':
      if (sent.length === 0)
        errors.push(requiredValue(`${field}.values`, "must be specified when `operator` is 'In' or 'NotIn'"));
      break;
    case 'Exists':
    case 'DoesNotExist':
      if (sent.length > 0)
        errors.push(
          forbiddenField(`${field}.values`, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"),
        );
      break;
    default:
      errors.push(invalidValue(`${field}.operator`, operator, 'not a valid selector operator'));
  }
  for (const problem of validateQualifiedName(key)) errors.push(invalidValue(`${field}.key`, key, problem));
  for (const [i, value] of sent.entries()) {
    for (const problem of validateLabelValue(value)) errors.push(invalidValue(`${field}.values[${i}]`, value, problem));
  }
  return errors;
}

export function labelSelectorErrors(selector: SelectorToCheck | undefined, field: string): FieldError[] {
  if (selector === undefined) return [];
  return [
    ...validateLabels(selector.matchLabels, `${field}.matchLabels`),
    ...(selector.matchExpressions ?? []).flatMap((requirement, i) =>
      requirementErrors(requirement, `${field}.matchExpressions[${i}]`),
    ),
  ];
}
