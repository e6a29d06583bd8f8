import type { Budget, FieldError } from '@kcp-ts/api';

/**
 * State of one run; `matches` counts visited values, to find the closest of several alternatives.
 */
export interface Run {
  readonly errors: FieldError[];
  matches: number;
  /** Shared by all runs of one validation. */
  readonly budget: Budget;
}

/** `old` is the value that is replaced, undefined where there is none. */
export type Validate = (value: unknown, old: unknown, path: string, run: Run) => void;

/** Nothing more is looked for once this many things are wrong. */
export const errorsMax = 1_000;

/** Adds as many of `found` as there is room for. */
export function addErrors(errors: FieldError[], found: readonly FieldError[]): void {
  for (const error of found) {
    if (errors.length >= errorsMax) return;
    errors.push(error);
  }
}
