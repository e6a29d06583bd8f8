/** PartitionSets: labels that select shards are labels, as the rules in kcp's schema say. */
import type { FieldError, KubeObject } from '@kcp-ts/api';
import { validateLabelValue, validateQualifiedName } from '@kcp-ts/api';
import type { Strategy } from '@kcp-ts/registry';
import { ruleFailed } from '../../../common/immutable.ts';

interface Requirement {
  readonly key: string;
  readonly operator: string;
  readonly values?: readonly string[];
}

interface PartitionSet extends KubeObject {
  readonly spec?: {
    readonly shardSelector?: {
      readonly matchLabels?: Readonly<Record<string, string>>;
      readonly matchExpressions?: readonly Requirement[];
    };
  };
}

const field = 'spec.shardSelector.matchLabels';
const keyRule =
  'Label key prefixes are optional and limited to 253 characters. They should match "^[a-z0-9]([-a-z0-9]{0,251}[a-z0-9])?$". Names are limited to 63 characters and should match "^[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$". "/" is used as separator.';
const valueRule =
  'Label values are limited to 63 characters and should match "^[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$".';

const valuesRule =
  'There should be at least one value for In and NotIn operators. There should not be any value for Exists and DoesNotExist operators.';

function isKey(key: string): boolean {
  return validateQualifiedName(key).length === 0;
}

function hasItsValues({ operator, values = [] }: Requirement): boolean {
  return (operator === 'In' || operator === 'NotIn') === values.length > 0;
}

function errors(object: KubeObject): FieldError[] {
  const { matchLabels = {}, matchExpressions = [] } = (object as PartitionSet).spec?.shardSelector ?? {};
  const found: FieldError[] = [];
  if (!Object.keys(matchLabels).every(isKey)) found.push(ruleFailed(field, keyRule));
  if (Object.values(matchLabels).some((value) => value === '' || validateLabelValue(value).length > 0))
    found.push(ruleFailed(field, valueRule));
  for (const [i, requirement] of matchExpressions.entries()) {
    const at = `spec.shardSelector.matchExpressions[${i}]`;
    if (!isKey(requirement.key)) found.push(ruleFailed(`${at}.key`, keyRule));
    if (!hasItsValues(requirement)) found.push(ruleFailed(at, valuesRule));
  }
  return found;
}

export function createPartitionSetsStrategy(): Strategy {
  return { validateCreate: errors, validateUpdate: errors };
}
