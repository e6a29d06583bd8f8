import type { FieldError, KubeObject } from '@kcp-ts/api';
import { forbiddenField, invalidValue, validateDnsSubdomain } from '@kcp-ts/api';
import { jsonEqual } from '../json-value.ts';
import type { Checking } from './checking.ts';
import { checkNow } from './checking.ts';
import { apiResourceSchemaVersionsOf, namesOf, objectAt, textAt } from './definition-fields.ts';
import { checkApproval, checkNames, checkScope, checkVersionNames } from './name-rules.ts';
import { checkSchema } from './schema-rules.ts';
import { checkColumns, checkSelectableFields, checkSubresources } from './version-rules.ts';

const prefixRule = '^[a-z]([-a-z0-9]*[a-z0-9])?$';
const prefixPattern = /^[a-z](?:[-a-z0-9]*[a-z0-9])?$/;
/** Kubernetes' own groups without a dot. */
const shortGroups = new Set(['apps', 'batch', 'extensions', 'policy', 'autoscaling']);

function checkName(name: string, plural: string, group: string, errors: FieldError[]): void {
  const groupText = group === '' ? 'core' : group;
  const suffix = `.${plural}.${groupText}`;
  if (!name.endsWith(suffix)) errors.push(invalidValue('metadata.name', name, `must end in ${suffix}`));
  else if (!prefixPattern.test(name.slice(0, -suffix.length))) {
    errors.push(invalidValue('metadata.name', name, `must match ${prefixRule} in front of ${suffix}`));
  }
}

function checkGroup(group: string, errors: FieldError[]): void {
  if (group === 'core') errors.push(invalidValue('spec.group', group, 'must be empty string for the core group'));
  else if (group !== '') {
    const messages = validateDnsSubdomain(group);
    if (messages.length > 0) errors.push(invalidValue('spec.group', group, messages.join(',')));
    else if (!group.includes('.') && !shortGroups.has(group)) {
      errors.push(invalidValue('spec.group', group, 'should be a domain with at least one dot'));
    }
  }
}

/**
 * What is wrong with an APIResourceSchema beyond the schema of its own kind: as for a CRD, and the
 * name must say the resource. The whole spec is immutable.
 */
export function validateApiResourceSchema(object: KubeObject, old?: KubeObject): FieldError[] {
  return checkNow(checkApiResourceSchema(object, old));
}

/** The same step by step. */
export function* checkApiResourceSchema(object: KubeObject, old?: KubeObject): Checking<FieldError[]> {
  const spec = objectAt(object, 'spec');
  if (old !== undefined) {
    return jsonEqual(spec, old['spec']) ? [] : [invalidValue('spec', spec, 'is immutable')];
  }
  const errors: FieldError[] = [];
  const group = textAt(spec, 'group');
  const names = namesOf(objectAt(spec, 'names'));
  const versions = apiResourceSchemaVersionsOf(spec);
  checkName(object.metadata.name, names.plural, group, errors);
  checkGroup(group, errors);
  checkScope(textAt(spec, 'scope'), errors);
  checkVersionNames(versions, errors);
  checkNames(names, 'spec.names', errors);
  for (const [index, version] of versions.entries()) {
    const path = `spec.versions[${index}]`;
    for (const error of yield* checkSchema(version.schema ?? null, `${path}.schema.openAPIV3Schema`))
      errors.push(error);
    checkSubresources(version.subresources, `${path}.subresources`, errors);
    checkColumns(version.columns, `${path}.additionalPrinterColumns`, errors);
    checkSelectableFields(version, `${path}.selectableFields`, errors);
  }
  if (textAt(objectAt(spec, 'conversion'), 'strategy') === 'Webhook') {
    errors.push(forbiddenField('spec.conversion.strategy', 'conversion webhooks are not supported by this server'));
  }
  checkApproval(group, object.metadata.annotations, errors);
  return errors;
}
