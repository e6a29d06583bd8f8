import type { ResourceDefinition } from '@kcp-ts/api';
import {
  mutatingWebhookConfigurations,
  validatingWebhookConfigurations,
} from './admissionregistration/webhookconfigurations.ts';
import { customResourceDefinitions } from './apiextensions/customresourcedefinitions.ts';
import { selfSubjectReviews, tokenReviews } from './authentication/reviews.ts';
import {
  localSubjectAccessReviews,
  selfSubjectAccessReviews,
  selfSubjectRulesReviews,
  subjectAccessReviews,
} from './authorization/reviews.ts';
import { certificateSigningRequests } from './certificates/certificatesigningrequests.ts';
import { leases } from './coordination/leases.ts';
import { configMaps } from './core/configmaps.ts';
import { coreEvents } from './core/events.ts';
import { limitRanges } from './core/limitranges.ts';
import { namespaces } from './core/namespaces.ts';
import { resourceQuotas } from './core/resourcequotas.ts';
import { secrets } from './core/secrets.ts';
import { serviceAccounts } from './core/serviceaccounts.ts';
import { events } from './events/events.ts';
import { clusterRoleBindings, clusterRoles, roleBindings, roles } from './rbac/rbac.ts';

/** Kubernetes' own kinds, served in every workspace; groups and resources in the order in which discovery lists them. */
export const builtinDefinitions: readonly ResourceDefinition[] = [
  configMaps,
  coreEvents,
  limitRanges,
  namespaces,
  resourceQuotas,
  secrets,
  serviceAccounts,
  selfSubjectReviews,
  tokenReviews,
  localSubjectAccessReviews,
  selfSubjectAccessReviews,
  selfSubjectRulesReviews,
  subjectAccessReviews,
  certificateSigningRequests,
  leases,
  clusterRoleBindings,
  clusterRoles,
  roleBindings,
  roles,
  mutatingWebhookConfigurations,
  validatingWebhookConfigurations,
  events,
  customResourceDefinitions,
];
