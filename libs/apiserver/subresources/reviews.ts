/** Reviews are questions: they are answered and never stored. */
import type { KubeObject, UserInfo } from '@kcp-ts/api';
import { StatusError } from '@kcp-ts/api';
import { checkKind } from '@kcp-ts/registry';
import type { SpecialCall, SpecialHandler } from '../server-dependencies.ts';

export interface ReviewDependencies {
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
    const subject = `${review.kind} in version ${JSON.stringify(served.definition.version)} cannot be handled as a ${review.kind}`;
    throw StatusError.badRequest(`${subject}: ${error}`);
  }
  return { ...review, metadata: review.metadata ?? {} };
}

function isDeep({ request }: SpecialCall): boolean {
  return request.exchange.headers[deepHeader] !== undefined && request.user.groups.includes('system:masters');
}

/** One handler for each kind of review. */
export function createReviewHandlers(deps: ReviewDependencies): readonly SpecialHandler[] {
  const handler = (
    name: string,
    answer: (review: KubeObject, call: SpecialCall) => KubeObject | Promise<KubeObject>,
  ): SpecialHandler => ({
    name,
    async handle(call) {
      if (call.cluster === '*') throw StatusError.methodNotAllowed();
      return { status: 201, object: await answer(reviewOf(call), call) };
    },
  });
  const group = 'authorization.k8s.io';
  return [
    handler(`subjectaccessreviews.${group}`, (review, call) =>
      deps.subjectAccessReview(review, call.cluster, isDeep(call)),
    ),
    handler(`localsubjectaccessreviews.${group}`, (review, call) =>
      deps.localSubjectAccessReview(review, call.cluster, call.namespace),
    ),
    handler(`selfsubjectaccessreviews.${group}`, (review, call) =>
      deps.selfSubjectAccessReview(review, call.cluster, call.request.user),
    ),
    handler(`selfsubjectrulesreviews.${group}`, (review, call) =>
      deps.selfSubjectRulesReview(review, call.cluster, call.request.user),
    ),
    handler('selfsubjectreviews.authentication.k8s.io', (review, call) =>
      deps.selfSubjectReview(review, call.request.user),
    ),
    handler('tokenreviews.authentication.k8s.io', (review) => deps.tokenReview(review)),
  ];
}
