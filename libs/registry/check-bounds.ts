/**
 * Objects that come about on the server, by patches, subresources, conversions and defaults, are
 * held to the bounds that decoders hold bodies to: everything behind recurses over objects, and
 * copies and stores them, and what is stored must be sent back by clients.
 */

import type { KubeObject } from '@kcp-ts/api';
import { invalidValue, StatusError } from '@kcp-ts/api';
import { depthMax, namesMax } from '@kcp-ts/http';
import { exceededBound } from '@kcp-ts/schema';
import type { ServedResource } from './served-resource.ts';

/** A body's limit: whether an object can be stored is answered with the limit of the store. */
const bytesMax = 3 * 1024 * 1024;

/**
 * Throws Invalid for an object that nests deeper than a body may, RequestEntityTooLarge for one
 * that is larger or has more names.
 */
export function checkBounds({ definition }: ServedResource, object: KubeObject, name: string): void {
  const exceeded = exceededBound(object, { depthMax, namesMax, bytesMax });
  if (exceeded === undefined) return;
  if (exceeded !== 'depth')
    throw new StatusError(
      'RequestEntityTooLarge',
      'Request entity is too large: the resulting object exceeds the limit',
    );
  const error = invalidValue('<root>', 'the resulting object', `exceeded max depth of ${depthMax}`);
  throw StatusError.invalid(definition, name, [error]);
}
