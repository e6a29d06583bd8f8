import type { KubeObject, UserInfo } from '@kcp-ts/api';
import type { SpecialHandler } from '@kcp-ts/apiserver';
import { createReviewHandler } from '../../common/review-handler.ts';

export interface SelfSubjectReviewDependencies {
  selfSubjectReview(review: KubeObject, user: UserInfo): KubeObject;
}

export function createSelfSubjectReviewHandler(deps: SelfSubjectReviewDependencies): SpecialHandler {
  return createReviewHandler('selfsubjectreviews.authentication.k8s.io', (review, { request }) =>
    deps.selfSubjectReview(review, request.user),
  );
}
