/**
 * A breaker for each backend: after some failures in a row nobody waits for it any more; now and
 * then one request finds out whether it is back. What happens to one backend is nothing to the
 * others.
 */
import type { Clock } from '@kcp-ts/base';

export interface Circuit {
  /** Whether a request may be tried. */
  admits(): boolean;
  succeeded(): void;
  failed(): void;
  isOpen(): boolean;
}

const failuresMax = 3;
const openMsMin = 250;
/**
 * Long enough to cost nothing, and short enough for those who wait for the backend to come back.
 */
const openMsMax = 1_000;

export function createCircuit(clock: Clock): Circuit {
  let failures = 0;
  let openMs = openMsMin;
  let probeAtMs = 0;
  let probing = false;
  return {
    admits() {
      if (failures < failuresMax) return true;
      const now = clock.monotonic();
      if (now < probeAtMs) return false;
      // One goes; the others wait for what becomes of it, or until it has taken too long.
      probing = true;
      probeAtMs = now + openMs;
      return true;
    },
    succeeded() {
      failures = 0;
      openMs = openMsMin;
      probing = false;
    },
    failed() {
      failures++;
      if (failures < failuresMax) return;
      // Requests that were under way when it opened say nothing new.
      if (failures > failuresMax && !probing) return;
      if (probing) openMs = Math.min(openMsMax, openMs * 2);
      probing = false;
      probeAtMs = clock.monotonic() + openMs;
    },
    isOpen: () => failures >= failuresMax,
  };
}
