/**
 * What the work of one request may cost. Work whose cost grows faster than the request itself (a
 * schema's alternatives times a list's items, selectors times objects, rules times rules) counts
 * its steps, so that a request never takes more than a bounded time, whatever it is made of. One
 * step is one value or rule looked at: some tens of nanoseconds.
 */
import type { StatusError } from './status-error.ts';

/**
 * Counts down; `exceeded` makes the error that ends the request. Spending is one subtraction, so it
 * can stand in inner loops.
 */
export class Budget {
  #left: number;
  readonly #exceeded: () => StatusError;

  constructor(steps: number, exceeded: () => StatusError) {
    this.#left = steps;
    this.#exceeded = exceeded;
  }

  /** Throws what `exceeded` makes where fewer steps are left. */
  spend(steps: number): void {
    this.#left -= steps;
    if (this.#left < 0) throw this.#exceeded();
  }
}
