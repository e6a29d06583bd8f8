/** Webhook configurations: completed and checked as Kubernetes does it, called by URL only (kcp has no services to call). */
import type { FieldError, KubeObject } from '@kcp-ts/meta';
import { forbiddenField, invalidValue, requiredValue, unsupportedValue } from '@kcp-ts/meta';
import type { Behaviour } from '@kcp-ts/registry';

interface Rule {
  scope?: string;
  operations?: string[];
  apiGroups?: string[];
  apiVersions?: string[];
  resources?: string[];
}

interface Webhook {
  name?: string;
  clientConfig?: { url?: string; service?: object; caBundle?: string };
  rules?: Rule[];
  failurePolicy?: string;
  matchPolicy?: string;
  namespaceSelector?: object;
  objectSelector?: object;
  sideEffects?: string;
  timeoutSeconds?: number;
  reinvocationPolicy?: string;
  admissionReviewVersions?: string[];
}

const operations = ['*', 'CONNECT', 'CREATE', 'DELETE', 'UPDATE'];
const timeoutDefault = 10;
const timeoutMax = 30;

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

function clientErrors(webhook: Webhook, field: string): FieldError[] {
  const { clientConfig = {} } = webhook;
  if (clientConfig.service !== undefined) return [forbiddenField(`${field}.service`, 'services are not served here; use url instead')];
  if (clientConfig.url === undefined || clientConfig.url === '') return [requiredValue(`${field}`, 'exactly one of url or service is required')];
  if (!URL.canParse(clientConfig.url)) return [invalidValue(`${field}.url`, clientConfig.url, 'url must be a valid URL')];
  const url = new URL(clientConfig.url);
  const errors: FieldError[] = [];
  if (url.protocol !== 'https:') errors.push(invalidValue(`${field}.url`, clientConfig.url, "'https' is the only allowed URL scheme"));
  if (url.username !== '' || url.password !== '') errors.push(invalidValue(`${field}.url`, clientConfig.url, 'user information is not permitted in the URL'));
  if (url.hash !== '') errors.push(invalidValue(`${field}.url`, clientConfig.url, 'fragments are not permitted in the URL'));
  if (url.search !== '') errors.push(invalidValue(`${field}.url`, clientConfig.url, 'query parameters are not permitted in the URL'));
  return errors;
}

function ruleErrors(rule: Rule, field: string): FieldError[] {
  const errors: FieldError[] = [];
  for (const part of ['operations', 'apiGroups', 'apiVersions', 'resources'] as const) {
    if ((rule[part] ?? []).length === 0) errors.push(requiredValue(`${field}.${part}`));
  }
  for (const [i, operation] of (rule.operations ?? []).entries()) {
    if (!operations.includes(operation)) errors.push(unsupportedValue(`${field}.operations[${i}]`, operation, operations));
  }
  return errors;
}

function webhookErrors(webhook: Webhook, field: string): FieldError[] {
  const errors: FieldError[] = [];
  if ((webhook.name ?? '').split('.').length < 3) errors.push(invalidValue(`${field}.name`, webhook.name ?? '', 'should be a domain with at least three segments separated by dots'));
  if ((webhook.admissionReviewVersions ?? []).length === 0) {
    errors.push(requiredValue(`${field}.admissionReviewVersions`, 'must specify one of v1, v1beta1'));
  } else if (!webhook.admissionReviewVersions?.some((version) => version === 'v1' || version === 'v1beta1')) {
    errors.push(invalidValue(`${field}.admissionReviewVersions`, webhook.admissionReviewVersions, 'must include at least one of v1, v1beta1'));
  }
  if (webhook.sideEffects === undefined) errors.push(requiredValue(`${field}.sideEffects`, 'must specify one of None, NoneOnDryRun'));
  else if (webhook.sideEffects !== 'None' && webhook.sideEffects !== 'NoneOnDryRun') {
    errors.push(unsupportedValue(`${field}.sideEffects`, webhook.sideEffects, ['None', 'NoneOnDryRun']));
  }
  const { timeoutSeconds = timeoutDefault } = webhook;
  if (timeoutSeconds > timeoutMax || timeoutSeconds < 1) {
    errors.push(invalidValue(`${field}.timeoutSeconds`, timeoutSeconds, `the timeout value must be between 1 and ${timeoutMax} seconds`));
  }
  errors.push(...clientErrors(webhook, `${field}.clientConfig`));
  for (const [i, rule] of (webhook.rules ?? []).entries()) errors.push(...ruleErrors(rule, `${field}.rules[${i}]`));
  return errors;
}

function validate(object: KubeObject): FieldError[] {
  const seen = new Set<string>();
  return webhooksOf(object).flatMap((webhook, i) => {
    const errors = webhookErrors(webhook, `webhooks[${i}]`);
    const name = webhook.name ?? '';
    if (seen.has(name)) errors.push({ kind: 'Duplicate', field: `webhooks[${i}].name`, message: `Duplicate value: ${JSON.stringify(name)}` });
    seen.add(name);
    return errors;
  });
}

export function createWebhookConfigurationsBehaviour(): Behaviour {
  return { generation: true, prepareCreate: complete, prepareUpdate: complete, validateCreate: validate, validateUpdate: validate };
}
