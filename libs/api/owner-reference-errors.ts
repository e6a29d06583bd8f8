/** apimachinery's ValidateOwnerReferences. */
import type { FieldError } from './field-error.ts';
import { invalidValue } from './field-error.ts';
import type { OwnerReference } from './kube-object.ts';

/** At most so many wrong references are reported. */
const namedMax = 100;

/** As Go writes it: what must be there is, though it be empty. */
function shown({ apiVersion = '', kind = '', name = '', uid = '', ...rest }: Partial<OwnerReference>): OwnerReference {
  return { apiVersion, kind, name, uid, ...rest };
}

function hasVersion(apiVersion: string): boolean {
  const parts = apiVersion.split('/');
  return parts.length <= 2 && parts.at(-1) !== '';
}

function errorsOf(owner: OwnerReference, field: string): FieldError[] {
  const errors: FieldError[] = [];
  if (!hasVersion(owner.apiVersion))
    errors.push(invalidValue(`${field}.apiVersion`, owner.apiVersion, 'version must not be empty'));
  for (const part of ['kind', 'name', 'uid'] as const)
    if (owner[part] === '') errors.push(invalidValue(`${field}.${part}`, '', 'must not be empty'));
  if (owner.apiVersion === 'v1' && owner.kind === 'Event')
    errors.push(invalidValue(field, owner, '/v1, Kind=Event is disallowed from being an owner'));
  return errors;
}

/**
 * What is wrong with the owners of an object; `field`: where they stand,
 * `metadata.ownerReferences`.
 */
export function ownerReferenceErrors(sent: readonly OwnerReference[] | undefined, field: string): FieldError[] {
  if (sent === undefined) return [];
  const owners = sent.map(shown);
  const errors: FieldError[] = [];
  let controller: string | undefined;
  for (const owner of owners) {
    if (errors.length >= namedMax) break;
    errors.push(...errorsOf(owner, field));
    if (owner.controller !== true) continue;
    const name = `${owner.kind}/${owner.name}`;
    if (controller === undefined) controller = name;
    else {
      const why = `Only one reference can have Controller set to true. Found "true" in references for ${controller} and ${name}`;
      errors.push(invalidValue(field, owners, why));
    }
  }
  return errors;
}
