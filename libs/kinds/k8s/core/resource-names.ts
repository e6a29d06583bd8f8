/**
 * Names of the resources that quotas and limits count. Those without a domain are Kubernetes' own.
 */
import type { FieldError } from '@kcp-ts/api';
import { invalidValue, validateQualifiedName } from '@kcp-ts/api';

const containerResources = ['cpu', 'memory', 'ephemeral-storage'];

const countedKinds = [
  'pods',
  'services',
  'replicationcontrollers',
  'resourcequotas',
  'secrets',
  'configmaps',
  'persistentvolumeclaims',
  'services.nodeports',
  'services.loadbalancers',
];

const requestsAndLimits = containerResources.flatMap((name) => [`requests.${name}`, `limits.${name}`]);

const quotaResources = new Set([...containerResources, ...requestsAndLimits, 'requests.storage', ...countedKinds]);
const standardResources = new Set([...quotaResources, 'storage']);
const hugePages = /^(?:requests\.)?hugepages-/;

function isContainerResource(name: string): boolean {
  return containerResources.includes(name) || name.startsWith('hugepages-');
}

function resourceNameErrors(name: string, field: string): FieldError[] {
  const problems = validateQualifiedName(name);
  if (problems.length > 0) return problems.map((problem) => invalidValue(field, name, problem));
  if (name.includes('/') || standardResources.has(name) || hugePages.test(name)) return [];
  return [invalidValue(field, name, 'must be a standard resource type or fully qualified')];
}

export function containerResourceErrors(name: string, field: string): FieldError[] {
  const errors = resourceNameErrors(name, field);
  if (!name.includes('/') && !isContainerResource(name)) {
    errors.push(invalidValue(field, name, 'must be a standard resource for containers'));
  }
  return errors;
}

export function anyResourceErrors(name: string, field: string): FieldError[] {
  return resourceNameErrors(name, field);
}

export function quotaResourceErrors(name: string, field: string): FieldError[] {
  const errors = resourceNameErrors(name, field);
  if (!name.includes('/') && !quotaResources.has(name) && !hugePages.test(name)) {
    errors.push(invalidValue(field, name, 'must be a standard resource for quota'));
  }
  return errors;
}

/** Whether only whole numbers of it make sense. */
export function isCounted(name: string): boolean {
  return countedKinds.includes(name) || name.startsWith('count/');
}
