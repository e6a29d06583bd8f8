import type { ValueTransformer } from '../value-transformer.ts';

const prefix = Buffer.from('masked:');

/**
 * Not encryption, and all that storage has to know of one: values lie otherwise than they are used,
 * bound to their keys.
 */
export const maskValues: ValueTransformer = {
  toStorage: (key, value) => Buffer.concat([prefix, maskedWith(key, value)]),
  fromStorage(key, stored) {
    if (!Buffer.from(stored).subarray(0, prefix.length).equals(prefix)) throw new Error(`${key} lies there as it is`);
    return { value: maskedWith(key, stored.subarray(prefix.length)), stale: undefined };
  },
  asksForKeys: () => false,
  prepare: () => Promise.resolve(),
};

function maskedWith(key: string, value: Uint8Array): Uint8Array {
  return Uint8Array.from(value, (byte, index) => byte ^ (key.charCodeAt(index % key.length) | 0x80));
}
