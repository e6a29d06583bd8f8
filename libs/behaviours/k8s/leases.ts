/** Leases: sensible numbers, and a strategy where somebody is preferred. */
import type { FieldError, KubeObject } from '@kcp-ts/meta';
import { forbiddenField, invalidValue, unsupportedValue, validateQualifiedName } from '@kcp-ts/meta';
import type { Behaviour } from '@kcp-ts/registry';

interface Lease extends KubeObject {
  readonly spec?: {
    readonly leaseDurationSeconds?: number;
    readonly leaseTransitions?: number;
    readonly strategy?: string;
    readonly preferredHolder?: string;
  };
}

const strategies = ['OldestEmulationVersion'];

/** A strategy of our own names its domain. */
function strategyErrors(strategy: string): FieldError[] {
  const field = 'spec.strategy';
  if (!strategy.includes('/'))
    return strategies.includes(strategy) ? [] : [unsupportedValue(field, strategy, strategies)];
  return validateQualifiedName(strategy).map((problem) => invalidValue(field, strategy, problem));
}

function validate(object: KubeObject): FieldError[] {
  const { leaseDurationSeconds, leaseTransitions, strategy, preferredHolder } = (object as Lease).spec ?? {};
  const errors: FieldError[] = [];
  if (leaseDurationSeconds !== undefined && leaseDurationSeconds <= 0) {
    errors.push(invalidValue('spec.leaseDurationSeconds', leaseDurationSeconds, 'must be greater than 0'));
  }
  if (leaseTransitions !== undefined && leaseTransitions < 0) {
    errors.push(invalidValue('spec.leaseTransitions', leaseTransitions, 'must be greater than or equal to 0'));
  }
  if (strategy !== undefined) errors.push(...strategyErrors(strategy));
  if (preferredHolder && !strategy) {
    errors.push(forbiddenField('spec.preferredHolder', 'may only be specified when `strategy` is defined'));
  }
  return errors;
}

export function createLeasesBehaviour(): Behaviour {
  return { validateCreate: validate, validateUpdate: validate };
}
