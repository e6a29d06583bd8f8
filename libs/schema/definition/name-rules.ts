import type { FieldError } from '@kcp-ts/api';
import { invalidValue, requiredValue, unsupportedValue, validateDns1035Label } from '@kcp-ts/api';
import type { DefinitionNames, DefinitionVersion } from './definition-fields.ts';

const approvalAnnotation = 'api-approved.kubernetes.io';
const approvalUrl = 'https://github.com/kubernetes/enhancements/pull/1111';

function checkLabel(text: string, path: string, errors: FieldError[], mixedCase = false): void {
  const messages = validateDns1035Label(mixedCase ? text.toLowerCase() : text);
  if (messages.length === 0) return;
  const detail = messages.join(',');
  errors.push(
    invalidValue(path, text, mixedCase ? `may have mixed case, but should otherwise match: ${detail}` : detail),
  );
}

/** Names that are missing, then names that are wrong. */
export function checkNames(names: DefinitionNames, path: string, errors: FieldError[]): void {
  for (const key of ['plural', 'singular', 'kind', 'listKind'] as const) {
    if (names[key] === '') errors.push(requiredValue(`${path}.${key}`));
  }
  if (names.plural !== '') checkLabel(names.plural, `${path}.plural`, errors);
  if (names.singular !== '') checkLabel(names.singular, `${path}.singular`, errors);
  if (names.kind !== '') checkLabel(names.kind, `${path}.kind`, errors, true);
  if (names.listKind !== '') checkLabel(names.listKind, `${path}.listKind`, errors, true);
  for (const [index, name] of names.shortNames.entries()) checkLabel(name, `${path}.shortNames[${index}]`, errors);
  if (names.kind !== '' && names.kind === names.listKind) {
    errors.push(invalidValue(`${path}.listKind`, names.listKind, 'kind and listKind may not be the same'));
  }
  for (const [index, name] of names.categories.entries()) checkLabel(name, `${path}.categories[${index}]`, errors);
}

export function checkScope(scope: string, errors: FieldError[]): void {
  if (scope === '') errors.push(requiredValue('spec.scope'));
  else if (scope !== 'Cluster' && scope !== 'Namespaced') {
    errors.push(unsupportedValue('spec.scope', scope, ['Cluster', 'Namespaced']));
  }
}

/**
 * Go's rendering of the versions of a definition, whose schemas have been taken out by the time
 * they are checked.
 */
function goVersions(versions: readonly DefinitionVersion[]): unknown[] {
  return versions.map((version) => ({
    Name: version.name,
    Served: version.served,
    Storage: version.storage,
    Deprecated: version.deprecated,
    DeprecationWarning: version.deprecationWarning ?? null,
    Schema: null,
    Subresources: null,
    AdditionalPrinterColumns: null,
    SelectableFields: null,
  }));
}

export function checkVersionNames(versions: readonly DefinitionVersion[], errors: FieldError[]): void {
  for (const [index, { name }] of versions.entries()) checkLabel(name, `spec.versions[${index}].name`, errors);
  if (new Set(versions.map(({ name }) => name)).size < versions.length) {
    errors.push(invalidValue('spec.versions', goVersions(versions), 'must contain unique version names'));
  }
  if (versions.filter(({ storage }) => storage).length !== 1) {
    errors.push(
      invalidValue('spec.versions', goVersions(versions), 'must have exactly one version marked as storage version'),
    );
  }
  for (const [index, version] of versions.entries()) {
    const wrong = deprecationProblem(version);
    if (wrong === undefined) continue;
    errors.push(invalidValue(`spec.versions[${index}].deprecationWarning`, version.deprecationWarning, wrong));
  }
}

function deprecationProblem({ deprecated, deprecationWarning }: DefinitionVersion): string | undefined {
  if (deprecationWarning === undefined) return undefined;
  if (!deprecated) return 'can only be set for deprecated versions';
  if (deprecationWarning === '') return 'must not be an empty string';
  if (deprecationWarning.length > 256) return 'must be <= 256 characters long';
  return /\p{C}/u.test(deprecationWarning) ? 'must only contain printable UTF-8 characters' : undefined;
}

/** Groups of Kubernetes itself need its project's approval (kubernetes/enhancements 1111). */
export function checkApproval(
  group: string,
  annotations: Readonly<Record<string, string>> | undefined,
  errors: FieldError[],
): void {
  if (!/(?:^|\.)(?:k8s|kubernetes)\.io$/.test(group)) return;
  const field = `metadata.annotations[${approvalAnnotation}]`;
  const need = `protected groups must have approval annotation "${approvalAnnotation}"`;
  const value = annotations?.[approvalAnnotation] ?? '';
  if (value === '') errors.push(requiredValue(field, `${need}, see ${approvalUrl}`));
  else if (!value.startsWith('unapproved') && !URL.canParse(value)) {
    errors.push(
      invalidValue(
        field,
        value,
        `${need} with either a URL or a reason starting with "unapproved", see ${approvalUrl}`,
      ),
    );
  }
}
