import type { ClusterName, KubeObject, UserInfo } from '@kcp-ts/api';
import type { SpecialHandler } from '@kcp-ts/apiserver';
import { createReviewHandler } from '../../common/review-handler.ts';

export interface SelfSubjectAccessReviewDependencies {
  selfSubjectAccessReview(review: KubeObject, cluster: ClusterName, user: UserInfo): KubeObject;
}

export function createSelfSubjectAccessReviewHandler(deps: SelfSubjectAccessReviewDependencies): SpecialHandler {
  return createReviewHandler('selfsubjectaccessreviews.authorization.k8s.io', (review, { cluster, request }) =>
    deps.selfSubjectAccessReview(review, cluster, request.user),
  );
}
