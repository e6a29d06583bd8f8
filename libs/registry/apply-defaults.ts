import type { KubeObject } from '@kcp-ts/meta';
import { StatusError } from '@kcp-ts/meta';
import { valueBytesMax } from '@kcp-ts/storage';
import type { ServedResource } from './served-resource.ts';

/** Applies the schema's defaults to what is going to be stored. Throws RequestEntityTooLarge where they make it larger than an object can be. */
export function applyDefaults({ schema }: ServedResource, object: KubeObject): void {
  if (!schema.applyDefaults(object))
    throw new StatusError(
      'RequestEntityTooLarge',
      `Request entity is too large: with the defaults of its fields the object is larger than ${valueBytesMax} bytes`,
    );
}
