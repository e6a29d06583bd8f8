import type { FieldError, KubeObject } from '@kcp-ts/api';
import { forbiddenField, invalidValue, requiredValue, validateDnsSubdomain } from '@kcp-ts/api';
import type { JsonObject } from '../json-value.ts';
import { isJsonObject, jsonEqual } from '../json-value.ts';
import type { Checking } from './checking.ts';
import { checkNow } from './checking.ts';
import type { DefinitionVersion } from './definition-fields.ts';
import { crdVersionsOf, listAt, namesOf, objectAt, textAt, textsAt } from './definition-fields.ts';
import { checkApproval, checkNames, checkScope, checkVersionNames } from './name-rules.ts';
import { checkSchema } from './schema-rules.ts';
import { checkColumns, checkSelectableFields, checkSubresources } from './version-rules.ts';

function checkGroup(group: string, errors: FieldError[]): void {
  if (group === '') {
    errors.push(requiredValue('spec.group'));
    return;
  }
  const messages = validateDnsSubdomain(group);
  if (messages.length > 0) errors.push(invalidValue('spec.group', group, messages.join(',')));
  else if (!group.includes('.'))
    errors.push(invalidValue('spec.group', group, 'should be a domain with at least one dot'));
}

function checkConversion(conversion: JsonObject | undefined, errors: FieldError[]): void {
  const strategy = textAt(conversion, 'strategy');
  const service = objectAt(objectAt(objectAt(conversion, 'webhook'), 'clientConfig'), 'service');
  if (service !== undefined) {
    const why = 'services cannot be reached from this server';
    errors.push(forbiddenField('spec.conversion.webhook.clientConfig.service', why));
  }
  if (strategy === 'Webhook') {
    errors.push(forbiddenField('spec.conversion.strategy', 'conversion webhooks are not supported by this server'));
  } else if (strategy === '') {
    errors.push(requiredValue('spec.conversion.strategy'));
  } else if (strategy !== 'None') {
    const message = `Unsupported value: ${JSON.stringify(strategy)}: supported values: "None", "Webhook"`;
    errors.push({ kind: 'NotSupported', field: 'spec.conversion.strategy', message });
  } else if (conversion?.['webhook'] !== undefined) {
    errors.push(forbiddenField('spec.conversion.webhook', 'should not be set when strategy is not set to Webhook'));
  }
}

/** Where Kubernetes tells errors of a version: what all versions share stands above them. */
function* checkVersions(versions: readonly DefinitionVersion[], errors: FieldError[]): Checking<void> {
  const [first] = versions;
  const shared = (pick: (version: DefinitionVersion) => unknown): boolean =>
    versions.every((version) => jsonEqual(pick(version), pick(first as DefinitionVersion)));
  const sharedSchema = shared(({ schema }) => schema ?? null);
  const sharedSubresources = shared(({ subresources }) => subresources ?? null);
  const sharedColumns = shared(({ columns }) => columns);
  const sharedFields = shared(({ selectableFields }) => selectableFields);
  for (const [index, version] of versions.entries()) {
    const path = `spec.versions[${index}]`;
    const once = (isShared: boolean): boolean => !isShared || index === 0;
    if (version.schema === undefined) errors.push(requiredValue(`${path}.schema.openAPIV3Schema`));
    else if (once(sharedSchema)) {
      const at = `${sharedSchema ? 'spec.validation' : `${path}.schema`}.openAPIV3Schema`;
      for (const error of yield* checkSchema(version.schema, at)) errors.push(error);
    }
    const at = (isShared: boolean, key: string): string => (isShared ? `spec.${key}` : `${path}.${key}`);
    if (once(sharedSubresources))
      checkSubresources(version.subresources, at(sharedSubresources, 'subresources'), errors);
    if (once(sharedColumns)) checkColumns(version.columns, at(sharedColumns, 'additionalPrinterColumns'), errors);
    if (once(sharedFields)) checkSelectableFields(version, at(sharedFields, 'selectableFields'), errors);
  }
}

function checkStoredVersions(
  stored: readonly string[],
  versions: readonly DefinitionVersion[],
  errors: FieldError[],
): void {
  const field = 'status.storedVersions';
  if (stored.length === 0) {
    errors.push(invalidValue(field, stored, 'must have at least one stored version'));
    return;
  }
  for (const { name, storage } of versions) {
    if (storage && !stored.includes(name))
      errors.push(invalidValue(field, stored, `must have the storage version ${name}`));
  }
  for (const [index, name] of stored.entries()) {
    if (!versions.some((version) => version.name === name)) {
      errors.push(invalidValue(`${field}[${index}]`, name, 'must appear in spec.versions'));
    }
  }
}

function checkImmutable(spec: JsonObject | undefined, old: JsonObject, errors: FieldError[]): void {
  const before = objectAt(old, 'spec');
  const established = listAt(objectAt(old, 'status'), 'conditions').some(
    (condition) => isJsonObject(condition) && condition['type'] === 'Established' && condition['status'] === 'True',
  );
  const compare = (path: string, now: string, then: string): void => {
    if (now !== then) errors.push(invalidValue(path, now, 'field is immutable'));
  };
  const [names, oldNames] = [namesOf(objectAt(spec, 'names')), namesOf(objectAt(before, 'names'))];
  if (established) {
    compare('spec.scope', textAt(spec, 'scope'), textAt(before, 'scope'));
    compare('spec.names.kind', names.kind, oldNames.kind);
  }
  compare('spec.group', textAt(spec, 'group'), textAt(before, 'group'));
  compare('spec.names.plural', names.plural, oldNames.plural);
}

function* checkSpec(spec: JsonObject | undefined, errors: FieldError[]): Checking<void> {
  const versions = crdVersionsOf(spec);
  checkGroup(textAt(spec, 'group'), errors);
  checkScope(textAt(spec, 'scope'), errors);
  if (spec?.['preserveUnknownFields'] === true) {
    const why =
      'cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead';
    errors.push(invalidValue('spec.preserveUnknownFields', true, why));
  }
  checkVersionNames(versions, errors);
  checkNames(namesOf(objectAt(spec, 'names')), 'spec.names', errors);
  yield* checkVersions(versions, errors);
  checkConversion(objectAt(spec, 'conversion'), errors);
}

/**
 * What is wrong with a CustomResourceDefinition that has its defaults, in Kubernetes' texts; its
 * own fields are decoded and its name is a subdomain already. On update a spec that did not change
 * is not looked at again.
 */
export function validateCustomResourceDefinition(object: KubeObject, old?: KubeObject): FieldError[] {
  return checkNow(checkCustomResourceDefinition(object, old));
}

/** The same step by step. */
export function* checkCustomResourceDefinition(object: KubeObject, old?: KubeObject): Checking<FieldError[]> {
  const errors: FieldError[] = [];
  const spec = objectAt(object, 'spec');
  const group = textAt(spec, 'group');
  const { name, annotations } = object.metadata;
  if (old === undefined && name !== `${textAt(objectAt(spec, 'names'), 'plural')}.${group}`) {
    errors.push(invalidValue('metadata.name', name, 'must be spec.names.plural+"."+spec.group'));
  }
  const changed = old === undefined || !jsonEqual(spec, old['spec']);
  if (changed) yield* checkSpec(spec, errors);
  if (changed && old !== undefined) checkImmutable(spec, old, errors);
  checkStoredVersions(textsAt(objectAt(object, 'status'), 'storedVersions'), crdVersionsOf(spec), errors);
  if (changed) checkApproval(group, annotations, errors);
  return errors;
}
