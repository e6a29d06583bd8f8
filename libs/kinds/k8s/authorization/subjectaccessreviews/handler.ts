import type { ClusterName, KubeObject } from '@kcp-ts/api';
import type { SpecialCall, SpecialHandler } from '@kcp-ts/apiserver';
import { createReviewHandler } from '../../common/review-handler.ts';

export interface SubjectAccessReviewDependencies {
  /** `deep`: without the gates of the workspace; only for system:masters. */
  subjectAccessReview(review: KubeObject, cluster: ClusterName, deep: boolean): KubeObject;
}

const deepHeader = 'x-kcp-internal-deep-subjectaccessreview';

function isDeep({ request }: SpecialCall): boolean {
  return request.exchange.headers[deepHeader] !== undefined && request.user.groups.includes('system:masters');
}

export function createSubjectAccessReviewHandler(deps: SubjectAccessReviewDependencies): SpecialHandler {
  return createReviewHandler('subjectaccessreviews.authorization.k8s.io', (review, call) =>
    deps.subjectAccessReview(review, call.cluster, isDeep(call)),
  );
}
