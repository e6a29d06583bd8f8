/** How many items the lists of an object may have, before anything looks at each of them. */
import type { FieldError, KubeObject, ListBound, ResourceDefinition } from '@kcp-ts/api';
import { StatusError } from '@kcp-ts/api';

function collect(value: unknown, at: string, path: readonly string[], max: number, errors: FieldError[]): void {
  const [step, ...rest] = path;
  if (step === undefined) {
    if (!Array.isArray(value) || value.length <= max) return;
    const message = `Too many: ${value.length}: must have at most ${max} items`;
    errors.push({ kind: 'TooMany', field: at, message });
  } else if (step === '[]') {
    if (!Array.isArray(value)) return;
    for (const [i, item] of value.entries()) collect(item, `${at}[${i}]`, rest, max, errors);
  } else if (typeof value === 'object' && value !== null && Object.hasOwn(value, step)) {
    collect((value as Record<string, unknown>)[step], at === '' ? step : `${at}.${step}`, rest, max, errors);
  }
}

function tooMany(bounds: readonly ListBound[], object: KubeObject): FieldError[] {
  const errors: FieldError[] = [];
  for (const { path, max } of bounds) {
    // The bounds of an outer list come first: what is inside of one that is too long is not looked
    // at.
    if (errors.length > 0) break;
    collect(object, '', path, max, errors);
  }
  return errors;
}

/**
 * Throws StatusError Invalid for an object of which a list is too long. It has not been validated:
 * what is no list is refused later.
 */
export function checkListSizes(definition: ResourceDefinition, object: KubeObject): void {
  if (definition.listBounds === undefined) return;
  const errors = tooMany(definition.listBounds, object);
  if (errors.length > 0) throw StatusError.invalid(definition, object.metadata.name ?? '', errors);
}
