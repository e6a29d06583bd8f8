import type { KubeObject } from '@kcp-ts/api';
import { StatusError } from '@kcp-ts/api';
import { valueBytesMax } from '@kcp-ts/storage';
import { checkBounds } from './check-bounds.ts';
import type { ServedResource } from './served-resource.ts';

/**
 * Defaults of less JSON are no reason to measure the object again: they add neither depth, for
 * schemas are shallow, nor thousands of names.
 */
const unmeasuredBytesMax = 64 * 1024;

/**
 * Applies the schema's defaults to what is going to be stored. Throws RequestEntityTooLarge where
 * they make it larger than an object can be.
 */
export function applyDefaults(served: ServedResource, object: KubeObject): void {
  const added = served.schema.applyDefaults(object);
  if (added === Number.POSITIVE_INFINITY)
    throw new StatusError(
      'RequestEntityTooLarge',
      `Request entity is too large: with the defaults of its fields the object is larger than ${valueBytesMax} bytes`,
    );
  if (added > unmeasuredBytesMax) checkBounds(served, object, object.metadata.name ?? '');
}
