/**
 * Reviews: questions about access that are sent as objects and answered in their status. Each
 * throws StatusError Invalid for a bad question.
 */
import type { FieldError, KubeObject, LogicalClusterName, UserInfo } from '@kcp-ts/api';
import { StatusError } from '@kcp-ts/api';
import type { AccessRequest, Decision } from './attributes.ts';
import type { Authorizer } from './authorizer.ts';
import { effectiveUsers } from './effective-users.ts';
import type { Rbac } from './rbac.ts';
import {
  reviewedRequest,
  reviewedUser,
  specOf,
  validateAttributes,
  validateLocal,
  validateMetadata,
  validateSelectors,
  validateSubject,
} from './review-spec.ts';
import type { PolicyRule } from './rule-source.ts';

export interface Reviews {
  /** `deep`: by `authorizeDeep`. Whether the sender may ask so is the caller's to know. */
  subjectAccessReview(review: KubeObject, cluster: LogicalClusterName, deep: boolean): KubeObject;
  localSubjectAccessReview(review: KubeObject, cluster: LogicalClusterName, namespace: string): KubeObject;
  selfSubjectAccessReview(review: KubeObject, cluster: LogicalClusterName, user: UserInfo): KubeObject;
  selfSubjectRulesReview(review: KubeObject, cluster: LogicalClusterName, user: UserInfo): KubeObject;
}

/** Kubernetes names no kind here. */
function check(errors: readonly FieldError[]): void {
  if (errors.length > 0) throw StatusError.invalid({ group: 'authorization.k8s.io', kind: '' }, '', errors);
}

function answered(review: KubeObject, status: unknown): KubeObject {
  return { ...review, status };
}

/** Clients learn the answer; the reason is the audit log's. */
function accessStatus(decision: Decision): unknown {
  if (decision.allowed) return { allowed: true, reason: 'access granted' };
  return { allowed: false, ...(decision.denied ? { denied: true } : {}), reason: 'access denied' };
}

function listed<Field extends string>(
  field: Field,
  values: readonly string[] | undefined,
): Partial<Record<Field, readonly string[]>> {
  return values === undefined || values.length === 0 ? {} : ({ [field]: values } as Record<Field, readonly string[]>);
}

function resourceRule(rule: PolicyRule): unknown {
  return {
    verbs: rule.verbs,
    ...listed('apiGroups', rule.apiGroups),
    ...listed('resources', rule.resources),
    ...listed('resourceNames', rule.resourceNames),
  };
}

/**
 * Every rule that a user has, also through scopes and warrants, in the order in which it is asked.
 */
export function effectiveRules(
  rbac: Rbac,
  user: UserInfo,
  cluster: LogicalClusterName,
  namespace: string,
): readonly PolicyRule[] {
  return effectiveUsers(user, cluster).flatMap((effective) => rbac.rulesFor(effective, cluster, namespace));
}

/** A rules review lists rules up to so many verbs, groups, resources, names and paths in all. */
const reviewedValuesMax = 100_000;

function upToMax(rules: readonly PolicyRule[]): {
  readonly rules: readonly PolicyRule[];
  readonly incomplete: boolean;
} {
  let values = 0;
  const end = rules.findIndex(({ verbs, apiGroups, resources, resourceNames, nonResourceURLs }) => {
    for (const list of [verbs, apiGroups, resources, resourceNames, nonResourceURLs]) values += list?.length ?? 0;
    return values > reviewedValuesMax;
  });
  return end < 0 ? { rules, incomplete: false } : { rules: rules.slice(0, end), incomplete: true };
}

export function createReviews(authorizer: Authorizer, rbac: Rbac): Reviews {
  const ask = (request: AccessRequest, deep = false) =>
    accessStatus(deep ? authorizer.authorizeDeep(request) : authorizer.authorize(request));
  return {
    subjectAccessReview(review, cluster, deep) {
      const spec = specOf(review);
      check([
        ...validateAttributes(spec),
        ...validateSubject(spec),
        ...validateSelectors(spec),
        ...validateMetadata(review, false),
      ]);
      return answered(review, ask(reviewedRequest(spec, reviewedUser(spec), cluster), deep));
    },
    localSubjectAccessReview(review, cluster, namespace) {
      const spec = specOf(review);
      check([
        ...validateAttributes(spec),
        ...validateSubject(spec),
        ...validateSelectors(spec),
        ...validateMetadata(review, true),
        ...validateLocal(spec, namespace),
      ]);
      return answered(review, ask(reviewedRequest(spec, reviewedUser(spec), cluster)));
    },
    selfSubjectAccessReview(review, cluster, user) {
      const spec = specOf(review);
      check([...validateAttributes(spec), ...validateSelectors(spec), ...validateMetadata(review, false)]);
      return answered(review, ask(reviewedRequest(spec, user, cluster)));
    },
    selfSubjectRulesReview(review, cluster, user) {
      const namespace = (review['spec'] as { readonly namespace?: string } | undefined)?.namespace ?? '';
      if (namespace === '') throw StatusError.badRequest('no namespace on request');
      const { rules, incomplete } = upToMax(effectiveRules(rbac, user, cluster, namespace));
      const resourceRules = rules.filter((rule) => (rule.resources ?? []).length > 0).map(resourceRule);
      const nonResourceRules = rules
        .filter((rule) => (rule.nonResourceURLs ?? []).length > 0)
        .map((rule) => ({ verbs: rule.verbs, nonResourceURLs: rule.nonResourceURLs }));
      return answered(
        { ...review, spec: {} },
        {
          resourceRules,
          nonResourceRules,
          incomplete,
          ...(incomplete ? { evaluationError: `only rules of ${reviewedValuesMax} values in all are listed` } : {}),
        },
      );
    },
  };
}

/** Who am I? The status says how the server sees the sender. */
export function selfSubjectReview(review: KubeObject, user: UserInfo, timestamp: string): KubeObject {
  const extra = user.extra ?? {};
  return {
    ...review,
    metadata: { ...review.metadata, creationTimestamp: timestamp },
    status: {
      userInfo: {
        username: user.name,
        ...(user.uid === undefined || user.uid === '' ? {} : { uid: user.uid }),
        ...(user.groups.length === 0 ? {} : { groups: user.groups }),
        ...(Object.keys(extra).length === 0 ? {} : { extra }),
      },
    },
  };
}
