/**
 * What the strategies of Kubernetes' own kinds say of updates and deletes: `AllowUnconditionalUpdate`, `AllowCreateOnUpdate`, `PrepareForCreate` and
 * `PrepareForUpdate` in kubernetes/pkg/registry/<group>/<resource>/strategy.go, `ReturnDeletedObject` in storage/storage.go beside it; for
 * CustomResourceDefinitions those of k8s.io/apiextensions-apiserver/pkg/registry/customresourcedefinition.
 */
import type { WriteRules } from '@kcp-ts/api';

const usual: WriteRules = {
  unconditionalUpdate: true,
  createOnUpdate: false,
  countsGenerations: false,
  statusKeepsMetadata: false,
  returnsDeleted: false,
};
const createdByPut: WriteRules = { ...usual, createOnUpdate: true };
const onlyAsSeen: WriteRules = { ...usual, unconditionalUpdate: false, countsGenerations: true };

/** By `<plural>.<group>`. */
export const writeRulesByResource: Readonly<Record<string, WriteRules>> = {
  configmaps: usual,
  events: createdByPut,
  limitranges: createdByPut,
  namespaces: usual,
  resourcequotas: { ...usual, returnsDeleted: true },
  secrets: usual,
  serviceaccounts: { ...usual, returnsDeleted: true },
  'certificatesigningrequests.certificates.k8s.io': usual,
  'leases.coordination.k8s.io': { ...createdByPut, unconditionalUpdate: false },
  'clusterrolebindings.rbac.authorization.k8s.io': createdByPut,
  'clusterroles.rbac.authorization.k8s.io': createdByPut,
  'rolebindings.rbac.authorization.k8s.io': createdByPut,
  'roles.rbac.authorization.k8s.io': createdByPut,
  'mutatingwebhookconfigurations.admissionregistration.k8s.io': onlyAsSeen,
  'validatingwebhookconfigurations.admissionregistration.k8s.io': onlyAsSeen,
  'events.events.k8s.io': createdByPut,
  'customresourcedefinitions.apiextensions.k8s.io': { ...onlyAsSeen, statusKeepsMetadata: true },
};
