import type { ClusterName, KubeObject } from '@kcp-ts/api';
import type { SpecialHandler } from '@kcp-ts/apiserver';
import { createReviewHandler } from '../../common/review-handler.ts';

export interface LocalSubjectAccessReviewDependencies {
  localSubjectAccessReview(review: KubeObject, cluster: ClusterName, namespace: string): KubeObject;
}

export function createLocalSubjectAccessReviewHandler(deps: LocalSubjectAccessReviewDependencies): SpecialHandler {
  return createReviewHandler('localsubjectaccessreviews.authorization.k8s.io', (review, { cluster, namespace }) =>
    deps.localSubjectAccessReview(review, cluster, namespace),
  );
}
