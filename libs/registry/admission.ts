/** What looks at every write, before and after validation and when it is committed; compose.ts says what stands behind it. */
import type { KubeObject } from '@kcp-ts/api';
import type { Operation } from '@kcp-ts/storage';
import type { WriteContext } from './served-resource.ts';

export interface Admission {
  /** May change the object; throws a StatusError to refuse it. */
  mutate(object: KubeObject, old: KubeObject | undefined, context: WriteContext): void | Promise<void>;
  /** Throws a StatusError to refuse the write. */
  validate(object: KubeObject, old: KubeObject | undefined, context: WriteContext): void | Promise<void>;
  /**
   * Completes the object by what other objects of the store say, in the very turn of its commit: what it has read is what the returned conditions rely on.
   * Called again, with the same object, where they did not hold.
   */
  settle(object: KubeObject, old: KubeObject | undefined, context: WriteContext): readonly Operation[];
}
