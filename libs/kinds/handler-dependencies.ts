import type { SelfSubjectReviewDependencies } from './k8s/authentication/selfsubjectreviews/handler.ts';
import type { TokenReviewDependencies } from './k8s/authentication/tokenreviews/handler.ts';
import type { LocalSubjectAccessReviewDependencies } from './k8s/authorization/localsubjectaccessreviews/handler.ts';
import type { SelfSubjectAccessReviewDependencies } from './k8s/authorization/selfsubjectaccessreviews/handler.ts';
import type { SelfSubjectRulesReviewDependencies } from './k8s/authorization/selfsubjectrulesreviews/handler.ts';
import type { SubjectAccessReviewDependencies } from './k8s/authorization/subjectaccessreviews/handler.ts';
import type { TokenRequestDependencies } from './k8s/core/serviceaccounts/token-handler.ts';

/** What the handlers of all kinds take from the server; each declares its own part. */
export interface HandlerDependencies
  extends LocalSubjectAccessReviewDependencies,
    SelfSubjectAccessReviewDependencies,
    SelfSubjectReviewDependencies,
    SelfSubjectRulesReviewDependencies,
    SubjectAccessReviewDependencies,
    TokenRequestDependencies,
    TokenReviewDependencies {}
