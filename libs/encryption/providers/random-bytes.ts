import { randomFillSync } from 'node:crypto';

const poolBytes = 4096;

/**
 * Nonces from one buffer that is filled again when it is used up: one call of the system for many.
 */
export function createNonces(size: number): () => Uint8Array {
  const pool = Buffer.allocUnsafeSlow(poolBytes);
  let used = poolBytes;
  return () => {
    if (used + size > poolBytes) {
      randomFillSync(pool);
      used = 0;
    }
    used += size;
    return pool.subarray(used - size, used);
  };
}
