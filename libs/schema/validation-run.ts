import type { FieldError } from '@kcp-ts/meta';

/** State of one run; `matches` counts visited values, to find the closest of several alternatives. */
export interface Run {
  readonly errors: FieldError[];
  matches: number;
}

/** `old` is the value that is replaced, undefined where there is none. */
export type Validate = (value: unknown, old: unknown, path: string, run: Run) => void;
