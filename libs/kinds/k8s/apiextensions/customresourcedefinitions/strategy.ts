/**
 * CRDs: defaulted and checked as apiextensions does it, kept by a finalizer until their instances
 * are gone, out of the groups that are the server's.
 */
import type { KubeObject } from '@kcp-ts/api';
import { StatusError } from '@kcp-ts/api';
import type { Strategy, WriteContext } from '@kcp-ts/registry';
import { checkCustomResourceDefinition, checkInSlices, defaultCustomResourceDefinition } from '@kcp-ts/schema';
import { isReservedGroup } from '../../../common/reserved-groups.ts';

const cleanupFinalizer = 'customresourcecleanup.apiextensions.k8s.io';
const reservedAnnotation = 'apis.kcp.io/';

function checkReserved(object: KubeObject, context: WriteContext): void {
  if (context.cluster.startsWith('system:')) return;
  const group = String((object['spec'] as { group?: string } | undefined)?.group ?? '');
  if (isReservedGroup(group)) {
    throw StatusError.forbidden(context.served.definition, object.metadata.name, `${group} is a reserved group`);
  }
  for (const key of Object.keys(object.metadata.annotations ?? {})) {
    if (key.startsWith(reservedAnnotation))
      throw StatusError.forbidden(context.served.definition, object.metadata.name, `${key} is a reserved annotation`);
  }
}

export function createCustomResourceDefinitionsStrategy(): Strategy {
  return {
    prepareCreate(object) {
      delete object['status'];
      defaultCustomResourceDefinition(object);
      object.metadata.finalizers = [...new Set([...(object.metadata.finalizers ?? []), cleanupFinalizer])];
    },
    prepareUpdate: (object) => defaultCustomResourceDefinition(object),
    validateCreate: (object, { slices }) => checkInSlices(checkCustomResourceDefinition(object), slices),
    async validateUpdate(object, old, { subresource, slices }) {
      const errors = await checkInSlices(checkCustomResourceDefinition(object, old), slices);
      // What stood before this write is not its fault.
      return subresource === 'status' ? errors.filter(({ field }) => field.startsWith('status.')) : errors;
    },
    admitCreate: checkReserved,
    admitUpdate: (object, _old, context) => checkReserved(object, context),
  };
}
