import type { KubeObject } from '@kcp-ts/api';
import type { WriteRequest } from './write-request.ts';

/** Records who manages which field of an object (KEP-555). */
export interface FieldManager {
  /**
   * Sets `metadata.managedFields` of a changed object, given what was there before it. Runs before
   * defaults are set, which nobody manages.
   */
  manage(object: KubeObject, old: KubeObject | undefined, request: WriteRequest): void;
}
