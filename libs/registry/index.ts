// What is served

export type { Admission } from './admission.ts';
export { checkKind, requireKind } from './check-fields.ts';
export type { Written } from './create.ts';
export { create } from './create.ts';
export type { Deleted, DeleteRequest, Propagation } from './delete.ts';
export { remove } from './delete.ts';
export { namespaceKey } from './guard-operations.ts';
export { clusterAnnotation, generatedName, stampCreated } from './object-meta.ts';
// Writing
export type { RegistryNeeds } from './registry-needs.ts';
export { timestampOf } from './registry-needs.ts';
export type { Behaviour, Conversion, Origin, ServedResource, ServeOptions, WriteContext } from './served-resource.ts';
export { noBehaviour, objectKey, serve } from './served-resource.ts';
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
export type { Surface } from './surface.ts';
export { createSurface } from './surface.ts';
export type { ChangeResult, UpdateRequest } from './update.ts';
export { update } from './update.ts';
export type { FieldValidation, ObjectGuard, WriteRequest } from './write-request.ts';
