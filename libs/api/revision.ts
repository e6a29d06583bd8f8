declare const revision: unique symbol;

/**
 * A store's number for one change: microseconds since 2026-01-01T00:00:00Z by a hybrid logical
 * clock. A safe integer; 0 is "before everything".
 */
export type Revision = number & { readonly [revision]: true };

export const revisionZero = 0 as Revision;

/** Checks and brands; throws a RangeError. */
export function asRevision(value: number): Revision {
  if (!Number.isSafeInteger(value) || value < 0) throw new RangeError(`Cannot use ${value} as a revision`);
  return value as Revision;
}
