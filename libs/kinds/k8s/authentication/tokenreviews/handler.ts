import type { KubeObject } from '@kcp-ts/api';
import type { SpecialHandler } from '@kcp-ts/apiserver';
import { createReviewHandler } from '../../common/review-handler.ts';

export interface TokenReviewDependencies {
  tokenReview(review: KubeObject): Promise<KubeObject>;
}

export function createTokenReviewHandler(deps: TokenReviewDependencies): SpecialHandler {
  return createReviewHandler('tokenreviews.authentication.k8s.io', (review) => deps.tokenReview(review));
}
