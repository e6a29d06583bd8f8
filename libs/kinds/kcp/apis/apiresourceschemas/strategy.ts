/**
 * APIResourceSchemas: as valid as a CRD, named after their resource, and immutable. kcp's admission
 * says so, hence 403 and not 422.
 */
import type { FieldError, KubeObject } from '@kcp-ts/api';
import { StatusError } from '@kcp-ts/api';
import type { Strategy, WriteContext } from '@kcp-ts/registry';
import { checkApiResourceSchema, checkInSlices } from '@kcp-ts/schema';
import { isReservedGroup } from '../../../common/reserved-groups.ts';

function admit(object: KubeObject, context: WriteContext, errors: readonly FieldError[]): void {
  if (errors.length === 0) return;
  const texts = errors.map(({ field, message }) => `${field}: ${message}`);
  throw StatusError.forbidden(context.served.definition, object.metadata.name, `[${texts.join(' ')}]`);
}

function checkReserved(object: KubeObject, context: WriteContext): void {
  const group = String((object['spec'] as { readonly group?: unknown } | undefined)?.group ?? '');
  if (!isReservedGroup(group)) return;
  throw StatusError.forbidden(context.served.definition, object.metadata.name, `${group} is a reserved group`);
}

export function createApiResourceSchemasStrategy(): Strategy {
  return {
    async admitCreate(object, context) {
      checkReserved(object, context);
      admit(object, context, await checkInSlices(checkApiResourceSchema(object), context.slices));
    },
    async admitUpdate(object, old, context) {
      admit(object, context, await checkInSlices(checkApiResourceSchema(object, old), context.slices));
    },
  };
}
