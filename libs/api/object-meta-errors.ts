/**
 * What apimachinery's ValidateObjectMeta checks, of an object's own metadata and of that of a
 * resource embedded in it.
 */
import { pushAll } from '@kcp-ts/base';
import type { FieldError } from './field-error.ts';
import { invalidValue, requiredValue } from './field-error.ts';
import type { ObjectMeta } from './kube-object.ts';
import { validateAnnotations, validateLabels, validateQualifiedName } from './names.ts';
import { ownerReferenceErrors } from './owner-reference-errors.ts';

/** What is wrong with a name, in Kubernetes' texts. */
export type NameProblems = (name: string) => readonly string[];

/** Far more than anybody has: each is looked at with every write. */
export const finalizersMax = 10_000;

function maskTrailingDash(name: string): string {
  return name.length > 1 && name.endsWith('-') ? `${name.slice(0, -1)}a` : name;
}

/** Everything that is wrong with metadata at a path, which is `metadata` for an object's own. */
export function objectMetaErrors(meta: ObjectMeta, nameProblems: NameProblems, path: string): FieldError[] {
  const errors: FieldError[] = [];
  if (typeof meta.generateName === 'string' && meta.generateName !== '') {
    for (const problem of nameProblems(maskTrailingDash(meta.generateName)))
      errors.push(invalidValue(`${path}.generateName`, meta.generateName, problem));
  }
  if (!meta.name) errors.push(requiredValue(`${path}.name`, 'name or generateName is required'));
  else for (const problem of nameProblems(meta.name)) errors.push(invalidValue(`${path}.name`, meta.name, problem));
  if (meta.generation !== undefined && meta.generation < 0)
    errors.push(invalidValue(`${path}.generation`, meta.generation, 'must be greater than or equal to 0'));
  pushAll(errors, validateLabels(meta.labels, `${path}.labels`));
  pushAll(errors, validateAnnotations(meta.annotations, `${path}.annotations`));
  pushAll(errors, ownerReferenceErrors(meta.ownerReferences, `${path}.ownerReferences`));
  const { finalizers = [] } = meta;
  if (finalizers.length > finalizersMax) {
    const message = `Too many: ${finalizers.length}: must have at most ${finalizersMax} items`;
    errors.push({ kind: 'TooMany', field: `${path}.finalizers`, message });
  }
  for (const finalizer of finalizers.slice(0, finalizersMax)) {
    for (const problem of validateQualifiedName(finalizer))
      errors.push(invalidValue(`${path}.finalizers`, finalizer, problem));
  }
  if (finalizers.includes('orphan') && finalizers.includes('foregroundDeletion')) {
    const why = 'finalizer orphan and foregroundDeletion cannot be both set';
    errors.push(invalidValue(`${path}.finalizers`, finalizers, why));
  }
  return errors;
}
