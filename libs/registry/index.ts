// What is served

export type { Admission, Attributes } from './admission.ts';
export { noAdmission } from './admission.ts';
export { checkKind, requireKind } from './check-fields.ts';
export { admitConnect } from './connect.ts';
export type { Written } from './create.ts';
export { create } from './create.ts';
export type { DeleteRequest, Propagation } from './delete.ts';
export { remove } from './delete.ts';
export { namespaceKey } from './namespace-key.ts';
export { clusterAnnotation, stampCreated } from './object-meta.ts';
// Writing
export type { RegistryDependencies } from './registry-dependencies.ts';
export { timestampOf } from './registry-dependencies.ts';
export type { Conversion, Origin, ResourceOrigin, ServedResource, Strategy, WriteContext } from './served-resource.ts';
export { noStrategy, objectKey, serve } from './served-resource.ts';
// Objects and bytes
export {
  convertToServed,
  currentObject,
  listedJson,
  metadataObject,
  servedJson,
  servedMetadataJson,
  servedObject,
  storedObject,
} from './stored-object.ts';
export type { ApiSurface } from './surface.ts';
export { createApiSurface } from './surface.ts';
export { update } from './update.ts';
export type { FieldValidation, ObjectFilter, WriteRequest } from './write-request.ts';
