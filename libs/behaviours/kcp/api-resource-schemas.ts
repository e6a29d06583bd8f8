/** APIResourceSchemas: as valid as a CRD, named after their resource, and immutable. */
import type { Behaviour } from '@kcp-ts/registry';
import { validateApiResourceSchema } from '@kcp-ts/schema';

export function createApiResourceSchemasBehaviour(): Behaviour {
  return {
    validateCreate: (object) => validateApiResourceSchema(object),
    validateUpdate: (object, old) => validateApiResourceSchema(object, old),
  };
}
