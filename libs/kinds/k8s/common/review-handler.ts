/** Reviews are questions: they are answered and never stored. */
import type { ClusterName, KubeObject } from '@kcp-ts/api';
import { StatusError } from '@kcp-ts/api';
import type { SpecialCall, SpecialHandler } from '@kcp-ts/apiserver';
import { checkKind } from '@kcp-ts/registry';

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

/** A call in one logical cluster. */
type ReviewCall = SpecialCall & { readonly cluster: ClusterName };

/** The handler of one kind of review; `name` is its resource with its group. */
export function createReviewHandler(
  name: string,
  answer: (review: KubeObject, call: ReviewCall) => KubeObject | Promise<KubeObject>,
): SpecialHandler {
  return {
    name,
    async handle(call) {
      const { cluster } = call;
      if (cluster === '*') throw StatusError.methodNotAllowed();
      return { status: 201, object: await answer(reviewOf(call), { ...call, cluster }) };
    },
  };
}
