/**
 * What the strategies of Kubernetes' own kinds say of updates and deletes:
 * `AllowUnconditionalUpdate`, `AllowCreateOnUpdate`, `PrepareForCreate` and `PrepareForUpdate` in
 * kubernetes/pkg/registry/<group>/<resource>/strategy.go, `ReturnDeletedObject` in
 * storage/storage.go beside it.
 */
import type { WriteRules } from '@kcp-ts/api';

export const usualWriteRules: WriteRules = {
  unconditionalUpdate: true,
  createOnUpdate: false,
  countsGenerations: false,
  statusKeepsMetadata: false,
  returnsDeleted: false,
  qualifiedFinalizers: true,
};

/** A PUT creates what is not there. */
export const createOnUpdateRules: WriteRules = { ...usualWriteRules, createOnUpdate: true };

/** A PUT names the version that it replaces. */
export const conditionalUpdateRules: WriteRules = {
  ...usualWriteRules,
  unconditionalUpdate: false,
  countsGenerations: true,
  qualifiedFinalizers: false,
};
