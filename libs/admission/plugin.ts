import type { Admission, Attributes } from '@kcp-ts/registry';

/**
 * One thing that is asked of writes. What it looks at is data, so that a chain knows for each
 * resource which plugins have something to say, and the others cost nothing.
 */
export interface AdmissionPlugin extends Partial<Pick<Admission, 'validate' | 'settle'>> {
  /** As it is named in logs and documents, in CamelCase as Kubernetes' are. */
  readonly name: string;
  readonly operations: readonly Attributes['operation'][];
  /** `<plural>.<group>`, or the plural alone in the core group; every resource when absent. */
  readonly resources?: readonly string[];
  /** Its `admit` changes more than metadata: the object is pruned and defaulted again behind it. */
  readonly changesContent?: boolean;
  /** May change the object, and throws a StatusError to refuse it. */
  admit?(attributes: Attributes): void | Promise<void>;
}
