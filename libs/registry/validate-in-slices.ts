import type { FieldError } from '@kcp-ts/api';
import type { Slices } from '@kcp-ts/base';
import type { CompiledSchema } from '@kcp-ts/schema';

/**
 * What `schema.validate` says of an object, found part by part so that other requests get their
 * turns.
 */
export async function validateInSlices(
  schema: CompiledSchema,
  object: object,
  old: object | undefined,
  slices: Slices,
): Promise<readonly FieldError[]> {
  const parts = schema.validateParts(object, old);
  for (;;) {
    const { done, value } = parts.next();
    if (done === true) return value;
    const pause = slices.pause();
    if (pause !== undefined) await pause;
  }
}
