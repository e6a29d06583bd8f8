/** The rules of owner references (apimachinery's ValidateOwnerReferences, and what its handlers do with repeated ones). */
import type { FieldError, KubeObject, OwnerReference } from '@kcp-ts/meta';
import { invalidValue } from '@kcp-ts/meta';

const field = 'metadata.ownerReferences';
/** As many repeated owners are named, and as many wrong ones. */
const namedMax = 100;

/** As Go writes it: what must be there is, though it be empty. */
function shown({ apiVersion = '', kind = '', name = '', uid = '', ...rest }: Partial<OwnerReference>): OwnerReference {
  return { apiVersion, kind, name, uid, ...rest };
}

/** Drops references that occur again, and warns of them. */
export function dropRepeatedOwners({ metadata }: KubeObject, request: { warn(text: string): void }): void {
  const { ownerReferences } = metadata;
  if (ownerReferences === undefined || ownerReferences.length < 2) return;
  const seen = new Set<string>();
  const repeated: string[] = [];
  metadata.ownerReferences = ownerReferences.filter((owner) => {
    const { apiVersion, kind, name, uid, controller, blockOwnerDeletion } = owner;
    const text = JSON.stringify([apiVersion, kind, name, uid, controller, blockOwnerDeletion]);
    if (seen.has(text)) repeated.push(uid);
    return seen.size < seen.add(text).size;
  });
  if (repeated.length > 0)
    request.warn(
      `.metadata.ownerReferences contains duplicate entries; API server dedups owner references in 1.20+, and may reject such requests as early as 1.24; please fix your requests; duplicate UID(s) observed: ${repeated.slice(0, namedMax).join(', ')}`,
    );
}

function hasVersion(apiVersion: string): boolean {
  const parts = apiVersion.split('/');
  return parts.length <= 2 && parts.at(-1) !== '';
}

function errorsOf(owner: OwnerReference): FieldError[] {
  const errors: FieldError[] = [];
  if (!hasVersion(owner.apiVersion))
    errors.push(invalidValue(`${field}.apiVersion`, owner.apiVersion, 'version must not be empty'));
  for (const part of ['kind', 'name', 'uid'] as const)
    if (owner[part] === '') errors.push(invalidValue(`${field}.${part}`, '', 'must not be empty'));
  if (owner.apiVersion === 'v1' && owner.kind === 'Event')
    errors.push(invalidValue(field, owner, '/v1, Kind=Event is disallowed from being an owner'));
  return errors;
}

/** What is wrong with the owners of an object. */
export function ownerReferenceErrors(sent: readonly OwnerReference[] | undefined): FieldError[] {
  if (sent === undefined) return [];
  const owners = sent.map(shown);
  const errors: FieldError[] = [];
  let controller: string | undefined;
  for (const owner of owners) {
    if (errors.length >= namedMax) break;
    errors.push(...errorsOf(owner));
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
