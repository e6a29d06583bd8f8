/** Leases: sensible numbers, and none of the fields of elections that nobody holds here. */
import type { FieldError, KubeObject } from '@kcp-ts/api';
import { invalidValue } from '@kcp-ts/api';
import type { Strategy } from '@kcp-ts/registry';

interface Lease extends KubeObject {
  readonly spec?: {
    readonly leaseDurationSeconds?: number;
    readonly leaseTransitions?: number;
  };
}

/**
 * Fields of CoordinatedLeaderElection, a feature that is off in Kubernetes and kcp unless somebody
 * asks for it: they are dropped.
 */
function dropElection(object: KubeObject): void {
  const { spec } = object as { spec?: Record<string, unknown> };
  if (spec === undefined) return;
  delete spec['strategy'];
  delete spec['preferredHolder'];
}

function validate(object: KubeObject): FieldError[] {
  const { leaseDurationSeconds, leaseTransitions } = (object as Lease).spec ?? {};
  const errors: FieldError[] = [];
  if (leaseDurationSeconds !== undefined && leaseDurationSeconds <= 0) {
    errors.push(invalidValue('spec.leaseDurationSeconds', leaseDurationSeconds, 'must be greater than 0'));
  }
  if (leaseTransitions !== undefined && leaseTransitions < 0) {
    errors.push(invalidValue('spec.leaseTransitions', leaseTransitions, 'must be greater than or equal to 0'));
  }
  return errors;
}

export function createLeasesStrategy(): Strategy {
  return {
    prepareCreate: dropElection,
    prepareUpdate: dropElection,
    validateCreate: validate,
    validateUpdate: validate,
  };
}
