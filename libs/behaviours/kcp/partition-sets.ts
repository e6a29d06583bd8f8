/** PartitionSets: labels that select shards are labels, as the rules in kcp's schema say. */
import type { FieldError, KubeObject } from '@kcp-ts/meta';
import { validateLabelValue, validateQualifiedName } from '@kcp-ts/meta';
import type { Behaviour } from '@kcp-ts/registry';
import { ruleFailed } from '../immutable.ts';

interface PartitionSet extends KubeObject {
  readonly spec?: { readonly shardSelector?: { readonly matchLabels?: Readonly<Record<string, string>> } };
}

const field = 'spec.shardSelector.matchLabels';
const keyRule =
  'Label key prefixes are optional and limited to 253 characters. They should match "^[a-z0-9]([-a-z0-9]{0,251}[a-z0-9])?$". Names are limited to 63 characters and should match "^[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$". "/" is used as separator.';
const valueRule =
  'Label values are limited to 63 characters and should match "^[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$".';

function errors(object: KubeObject): FieldError[] {
  const labels = (object as PartitionSet).spec?.shardSelector?.matchLabels ?? {};
  const found: FieldError[] = [];
  if (Object.keys(labels).some((key) => validateQualifiedName(key).length > 0)) found.push(ruleFailed(field, keyRule));
  if (Object.values(labels).some((value) => value === '' || validateLabelValue(value).length > 0))
    found.push(ruleFailed(field, valueRule));
  return found;
}

export function createPartitionSetsBehaviour(): Behaviour {
  return { validateCreate: errors, validateUpdate: errors };
}
