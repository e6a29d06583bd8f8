/** `webhooks[].rules[]`: which operations on which resources are sent. A `*` stands alone. */

import type { FieldError } from '@kcp-ts/api';
import { invalidValue, requiredValue, unsupportedValue } from '@kcp-ts/api';
import { pushAll } from '@kcp-ts/base';
import type { Checking } from '@kcp-ts/schema';

export interface WebhookRule {
  scope?: string;
  operations?: string[];
  apiGroups?: string[];
  apiVersions?: string[];
  resources?: string[];
}

const operations = ['*', 'CONNECT', 'CREATE', 'DELETE', 'UPDATE'];
const scopes = ['*', 'Cluster', 'Namespaced'];

/** A list that must not be empty, and in which `*` tolerates no company. */
function listErrors(values: readonly string[] = [], field: string, what: string): FieldError[] {
  if (values.length === 0) return [requiredValue(field)];
  if (values.length === 1 || !values.includes('*')) return [];
  return [invalidValue(field, values, `if '*' is present, must not specify other ${what}`)];
}

function* checkResources(resources: readonly string[] = [], field: string): Checking<FieldError[]> {
  if (resources.length === 0) return [requiredValue(field)];
  const allSubresourcesOf = new Set<string>();
  const everywhere = new Set<string>();
  const errors: FieldError[] = [];
  for (const [i, text] of resources.entries()) {
    yield;
    const at = `${field}[${i}]`;
    if (text === '') errors.push(requiredValue(at));
    const slash = text.indexOf('/');
    if (slash < 0) continue;
    const [resource, sub] = [text.slice(0, slash), text.slice(slash + 1)];
    if (allSubresourcesOf.has(resource))
      errors.push(invalidValue(at, text, `if '${resource}/*' is present, must not specify ${text}`));
    if (everywhere.has(sub)) errors.push(invalidValue(at, text, `if '*/${sub}' is present, must not specify ${text}`));
    if (sub === '*') allSubresourcesOf.add(resource);
    if (resource === '*') everywhere.add(sub);
  }
  if (resources.length > 1 && resources.includes('*/*')) {
    errors.push(invalidValue(field, resources, "if '*/*' is present, must not specify other resources"));
  }
  if (resources.includes('*') && resources.some((text) => text !== '*' && !text.includes('/'))) {
    errors.push(
      invalidValue(field, resources, "if '*' is present, must not specify other resources without subresources"),
    );
  }
  return errors;
}

export function* checkWebhookRule(rule: WebhookRule, field: string): Checking<FieldError[]> {
  const errors = listErrors(rule.operations, `${field}.operations`, 'operations');
  for (const [i, operation] of (rule.operations ?? []).entries()) {
    yield;
    if (!operations.includes(operation))
      errors.push(unsupportedValue(`${field}.operations[${i}]`, operation, operations));
  }
  pushAll(errors, listErrors(rule.apiGroups, `${field}.apiGroups`, 'API groups'));
  pushAll(errors, listErrors(rule.apiVersions, `${field}.apiVersions`, 'API versions'));
  for (const [i, version] of (rule.apiVersions ?? []).entries()) {
    yield;
    if (version === '') errors.push(requiredValue(`${field}.apiVersions[${i}]`));
  }
  pushAll(errors, yield* checkResources(rule.resources, `${field}.resources`));
  if (rule.scope !== undefined && !scopes.includes(rule.scope))
    errors.push(unsupportedValue(`${field}.scope`, rule.scope, scopes));
  return errors;
}
