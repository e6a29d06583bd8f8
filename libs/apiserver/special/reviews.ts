/** Reviews are questions: they are answered and never stored. */
import type { KubeObject, UserInfo } from '@kcp-ts/meta';
import { StatusError } from '@kcp-ts/meta';
import { checkKind } from '@kcp-ts/registry';
import type { SpecialCall, SpecialHandler } from '../server-needs.ts';

export interface ReviewNeeds {
  /** `deep`: without the gates of the workspace; only for system:masters. */
  subjectAccessReview(review: KubeObject, cluster: string, deep: boolean): KubeObject;
  localSubjectAccessReview(review: KubeObject, cluster: string, namespace: string): KubeObject;
  selfSubjectAccessReview(review: KubeObject, cluster: string, user: UserInfo): KubeObject;
  selfSubjectRulesReview(review: KubeObject, cluster: string, user: UserInfo): KubeObject;
  selfSubjectReview(review: KubeObject, user: UserInfo): KubeObject;
  tokenReview(review: KubeObject): Promise<KubeObject>;
}

const deepHeader = 'x-kcp-internal-deep-subjectaccessreview';

function reviewOf({ body, served }: SpecialCall): KubeObject {
  if (typeof body !== 'object' || body === null || Array.isArray(body))
    throw StatusError.badRequest('the body of a review must be an object');
  const review = body as KubeObject;
  checkKind(served, review);
  const { error } = served.schema.decode(review);
  if (error !== undefined) {
    const subject = `${review.kind} in version ${JSON.stringify(served.row.version)} cannot be handled as a ${review.kind}`;
    throw StatusError.badRequest(`${subject}: ${error}`);
  }
  return { ...review, metadata: review.metadata ?? {} };
}

function isDeep({ request }: SpecialCall): boolean {
  return request.exchange.headers[deepHeader] !== undefined && request.user.groups.includes('system:masters');
}

/** One handler for each kind of review. */
export function createReviewHandlers(needs: ReviewNeeds): readonly SpecialHandler[] {
  const handler = (
    name: string,
    answer: (review: KubeObject, call: SpecialCall) => KubeObject | Promise<KubeObject>,
  ): SpecialHandler => ({
    name,
    async handle(call) {
      if (call.scope.cluster === '*') throw StatusError.methodNotAllowed();
      return { status: 201, object: await answer(reviewOf(call), call) };
    },
  });
  const group = 'authorization.k8s.io';
  return [
    handler(`subjectaccessreviews.${group}`, (review, call) =>
      needs.subjectAccessReview(review, call.scope.cluster, isDeep(call)),
    ),
    handler(`localsubjectaccessreviews.${group}`, (review, call) =>
      needs.localSubjectAccessReview(review, call.scope.cluster, call.namespace),
    ),
    handler(`selfsubjectaccessreviews.${group}`, (review, call) =>
      needs.selfSubjectAccessReview(review, call.scope.cluster, call.request.user),
    ),
    handler(`selfsubjectrulesreviews.${group}`, (review, call) =>
      needs.selfSubjectRulesReview(review, call.scope.cluster, call.request.user),
    ),
    handler('selfsubjectreviews.authentication.k8s.io', (review, call) =>
      needs.selfSubjectReview(review, call.request.user),
    ),
    handler('tokenreviews.authentication.k8s.io', (review) => needs.tokenReview(review)),
  ];
}
