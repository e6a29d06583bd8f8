import type { ClusterName, KubeObject, UserInfo } from '@kcp-ts/api';
import type { SpecialHandler } from '@kcp-ts/apiserver';
import { createReviewHandler } from '../../common/review-handler.ts';

export interface SelfSubjectRulesReviewDependencies {
  selfSubjectRulesReview(review: KubeObject, cluster: ClusterName, user: UserInfo): KubeObject;
}

export function createSelfSubjectRulesReviewHandler(deps: SelfSubjectRulesReviewDependencies): SpecialHandler {
  return createReviewHandler('selfsubjectrulesreviews.authorization.k8s.io', (review, { cluster, request }) =>
    deps.selfSubjectRulesReview(review, cluster, request.user),
  );
}
