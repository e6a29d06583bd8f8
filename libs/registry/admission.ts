/** The two desks that look at every write, before and after validation; compose.ts says what stands behind them. */
import type { KubeObject } from '@kcp-ts/meta';
import type { WriteContext } from './served-resource.ts';

export interface Admission {
  /** May change the object; throws a StatusError to refuse it. */
  mutate(object: KubeObject, old: KubeObject | undefined, context: WriteContext): void | Promise<void>;
  /** Throws a StatusError to refuse the write. */
  validate(object: KubeObject, old: KubeObject | undefined, context: WriteContext): void | Promise<void>;
}
