import type { PathSteps } from '@kcp-ts/schema';
import type { Fields } from './fields.ts';

/**
 * The value of one cell at a time, in milliseconds; all cells of a row share the steps that their
 * paths may take.
 */
export type Cell = (object: Fields, now: number, steps: PathSteps) => unknown;
