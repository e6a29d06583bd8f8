/**
 * Webhook configurations: completed and checked as Kubernetes does it, called by URL only (there
 * are no services to call).
 */

import type { FieldError, KubeObject } from '@kcp-ts/api';
import {
  duplicateValue,
  forbiddenField,
  invalidValue,
  requiredValue,
  unsupportedValue,
  validateDns1035Label,
  validateDnsSubdomain,
} from '@kcp-ts/api';
import { pushAll } from '@kcp-ts/base';
import type { Strategy, WriteContext } from '@kcp-ts/registry';
import type { Checking } from '@kcp-ts/schema';
import { checkInSlices } from '@kcp-ts/schema';
import type { SelectorToCheck } from '../common/label-selector-errors.ts';
import { labelSelectorErrors } from '../common/label-selector-errors.ts';
import type { WebhookRule } from './webhook-rules.ts';
import { checkWebhookRule } from './webhook-rules.ts';

interface ClientConfig {
  url?: string;
  service?: object;
  caBundle?: string;
}

interface Webhook {
  name?: string;
  clientConfig?: ClientConfig;
  rules?: WebhookRule[];
  failurePolicy?: string;
  matchPolicy?: string;
  namespaceSelector?: SelectorToCheck;
  objectSelector?: SelectorToCheck;
  sideEffects?: string | null;
  timeoutSeconds?: number;
  reinvocationPolicy?: string;
  admissionReviewVersions?: string[] | null;
  matchConditions?: object[];
}

const reviewVersions = ['v1', 'v1beta1'];
const sideEffects = ['None', 'NoneOnDryRun'];
const timeoutDefault = 10;
const timeoutMax = 30;
const urlForm = '; desired format: https://host[/path]';

function webhooksOf(object: KubeObject): Webhook[] {
  return (object['webhooks'] ?? []) as Webhook[];
}

function complete(object: KubeObject): void {
  for (const webhook of webhooksOf(object)) {
    webhook.failurePolicy ??= 'Fail';
    webhook.matchPolicy ??= 'Equivalent';
    webhook.namespaceSelector ??= {};
    webhook.objectSelector ??= {};
    webhook.timeoutSeconds ??= timeoutDefault;
    if (object.kind === 'MutatingWebhookConfiguration') webhook.reinvocationPolicy ??= 'Never';
    for (const rule of webhook.rules ?? []) rule.scope ??= '*';
  }
}

function urlErrors(text: string, field: string): FieldError[] {
  if (!URL.canParse(text)) {
    if (/^[a-z][a-z0-9+.-]*:\/\/(?:\/|$)/i.test(text))
      return [invalidValue(field, '', `host must be specified${urlForm}`)];
    return [invalidValue(field, text, `url must be a valid URL${urlForm}`)];
  }
  const url = new URL(text);
  const errors: FieldError[] = [];
  if (url.protocol !== 'https:')
    errors.push(invalidValue(field, url.protocol.slice(0, -1), `'https' is the only allowed URL scheme${urlForm}`));
  if (url.host === '') errors.push(invalidValue(field, '', `host must be specified${urlForm}`));
  // Passwords are not repeated.
  if (url.username !== '' || url.password !== '')
    errors.push(invalidValue(field, url.username, 'user information is not permitted in the URL'));
  if (url.hash !== '') errors.push(invalidValue(field, url.hash.slice(1), 'fragments are not permitted in the URL'));
  if (url.search !== '')
    errors.push(invalidValue(field, url.search.slice(1), 'query parameters are not permitted in the URL'));
  return errors;
}

function clientErrors({ url, service }: ClientConfig, field: string): FieldError[] {
  if ((url === undefined) === (service === undefined))
    return [requiredValue(field, 'exactly one of url or service is required')];
  if (service !== undefined) {
    return [
      forbiddenField(
        `${field}.service`,
        'webhooks in services are not supported, since a workspace runs none; use url',
      ),
    ];
  }
  return urlErrors(url ?? '', `${field}.url`);
}

function nameErrors(name: string, field: string): FieldError[] {
  if (name === '') return [requiredValue(field)];
  const problems = validateDnsSubdomain(name);
  if (problems.length > 0) return [invalidValue(field, name, problems.join(','))];
  if (name.split('.').length >= 3) return [];
  return [invalidValue(field, name, 'should be a domain with at least three segments separated by dots')];
}

function* reviewVersionErrors(versions: readonly string[], field: string): Checking<FieldError[]> {
  if (versions.length === 0) return [requiredValue(field, `must specify one of ${reviewVersions.join(', ')}`)];
  const seen = new Set<string>();
  const errors: FieldError[] = [];
  for (const [i, version] of versions.entries()) {
    const problems = seen.has(version) ? ['duplicate version'] : validateDns1035Label(version);
    errors.push(...problems.map((problem) => invalidValue(`${field}[${i}]`, version, problem)));
    seen.add(version);
    yield;
  }
  if (!versions.some((version) => reviewVersions.includes(version))) {
    errors.push(invalidValue(field, versions, `must include at least one of ${reviewVersions.join(', ')}`));
  }
  return errors;
}

function choiceErrors(value: string | undefined, field: string, choices: readonly string[]): FieldError[] {
  return value === undefined || choices.includes(value) ? [] : [unsupportedValue(field, value, choices)];
}

function callErrors(webhook: Webhook, field: string): FieldError[] {
  const errors = [
    ...choiceErrors(webhook.failurePolicy, `${field}.failurePolicy`, ['Fail', 'Ignore']),
    ...choiceErrors(webhook.matchPolicy, `${field}.matchPolicy`, ['Equivalent', 'Exact']),
  ];
  if ((webhook.sideEffects ?? undefined) === undefined)
    errors.push(requiredValue(`${field}.sideEffects`, `must specify one of ${sideEffects.join(', ')}`));
  errors.push(...choiceErrors(webhook.sideEffects ?? undefined, `${field}.sideEffects`, sideEffects));
  const { timeoutSeconds = timeoutDefault } = webhook;
  if (timeoutSeconds > timeoutMax || timeoutSeconds < 1) {
    errors.push(
      invalidValue(
        `${field}.timeoutSeconds`,
        timeoutSeconds,
        `the timeout value must be between 1 and ${timeoutMax} seconds`,
      ),
    );
  }
  return errors;
}

function* webhookErrors(webhook: Webhook, field: string): Checking<FieldError[]> {
  const errors = nameErrors(webhook.name ?? '', `${field}.name`);
  for (const [i, rule] of (webhook.rules ?? []).entries()) {
    pushAll(errors, yield* checkWebhookRule(rule, `${field}.rules[${i}]`));
    yield;
  }
  errors.push(
    ...callErrors(webhook, field),
    ...labelSelectorErrors(webhook.namespaceSelector, `${field}.namespaceSelector`),
    ...labelSelectorErrors(webhook.objectSelector, `${field}.objectSelector`),
    ...choiceErrors(webhook.reinvocationPolicy, `${field}.reinvocationPolicy`, ['IfNeeded', 'Never']),
    ...clientErrors(webhook.clientConfig ?? {}, `${field}.clientConfig`),
  );
  if ((webhook.matchConditions ?? []).length > 0) {
    errors.push(forbiddenField(`${field}.matchConditions`, 'CEL expressions are not supported yet by this server'));
  }
  const versions = webhook.admissionReviewVersions ?? [];
  return [...errors, ...(yield* reviewVersionErrors(versions, `${field}.admissionReviewVersions`))];
}

function* checkWebhooks(object: KubeObject): Checking<FieldError[]> {
  const seen = new Set<string>();
  const errors: FieldError[] = [];
  for (const [i, webhook] of webhooksOf(object).entries()) {
    pushAll(errors, yield* webhookErrors(webhook, `webhooks[${i}]`));
    const name = webhook.name ?? '';
    if (name !== '' && seen.has(name)) errors.push(duplicateValue(`webhooks[${i}].name`, name));
    seen.add(name);
    yield;
  }
  return errors;
}

export function createWebhookConfigurationsStrategy(): Strategy {
  const validate = (object: KubeObject, { slices }: WriteContext) => checkInSlices(checkWebhooks(object), slices);
  return {
    prepareCreate: complete,
    prepareUpdate: complete,
    validateCreate: validate,
    validateUpdate: (object, _old, context) => validate(object, context),
  };
}
