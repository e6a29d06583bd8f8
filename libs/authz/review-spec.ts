/**
 * The questions inside of access reviews: their fields, and what is wrong with them in Kubernetes'
 * words.
 */
import type { FieldError, KubeObject, LogicalClusterName, UserInfo } from '@kcp-ts/api';
import { forbiddenField, invalidValue, requiredValue } from '@kcp-ts/api';
import type { AccessRequest } from './attributes.ts';

interface ResourceAttributes {
  readonly verb?: string;
  readonly group?: string;
  readonly version?: string;
  readonly resource?: string;
  readonly subresource?: string;
  readonly namespace?: string;
  readonly name?: string;
  readonly fieldSelector?: SelectorAttributes | null;
  readonly labelSelector?: SelectorAttributes | null;
}

interface NonResourceAttributes {
  readonly verb?: string;
  readonly path?: string;
}

/** The spec of all three access reviews; a self review has no user. */
export interface AccessReviewSpec {
  readonly resourceAttributes?: ResourceAttributes | null;
  readonly nonResourceAttributes?: NonResourceAttributes | null;
  readonly user?: string;
  readonly uid?: string;
  readonly groups?: readonly string[] | null;
  readonly extra?: Readonly<Record<string, readonly string[]>> | null;
}

export function specOf(review: KubeObject): AccessReviewSpec {
  return (review['spec'] ?? {}) as AccessReviewSpec;
}

export function validateAttributes(spec: AccessReviewSpec): readonly FieldError[] {
  const resource = spec.resourceAttributes ?? undefined;
  const path = spec.nonResourceAttributes ?? undefined;
  if (resource !== undefined && path !== undefined)
    return [
      invalidValue('spec.nonResourceAttributes', path, 'cannot be specified in combination with resourceAttributes'),
    ];
  if (resource === undefined && path === undefined)
    return [
      invalidValue(
        'spec.resourceAttributes',
        undefined,
        'exactly one of nonResourceAttributes or resourceAttributes must be specified',
      ),
    ];
  return [];
}

interface SelectorAttributes {
  readonly rawSelector?: string;
  readonly requirements?: readonly SelectorRequirement[] | null;
}

interface SelectorRequirement {
  readonly key?: string;
  readonly operator?: string;
  readonly values?: readonly string[] | null;
}

function requirementErrors({ key = '', operator = '', values }: SelectorRequirement, field: string): FieldError[] {
  const sent = values ?? [];
  const errors: FieldError[] = [];
  if ((operator === 'In' || operator === 'NotIn') && sent.length === 0)
    errors.push(requiredValue(`${field}.values`, "must be specified when `operator` is 'In' or 'NotIn'"));
  if ((operator === 'Exists' || operator === 'DoesNotExist') && sent.length > 0)
    errors.push(
      forbiddenField(`${field}.values`, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"),
    );
  if (key === '') errors.push(requiredValue(`${field}.key`, 'must be specified'));
  return errors;
}

function selectorErrors(selector: SelectorAttributes | null | undefined, field: string): FieldError[] {
  if (selector === undefined || selector === null) return [];
  const { rawSelector = '' } = selector;
  const requirements = selector.requirements ?? [];
  const errors: FieldError[] = [];
  if (rawSelector !== '' && requirements.length > 0) {
    const why = 'may not specified at the same time as requirements';
    errors.push(invalidValue(`${field}.rawSelector`, rawSelector, why));
  }
  if (rawSelector === '' && requirements.length === 0) {
    const why = `when ${field} is specified, requirements or rawSelector is required`;
    errors.push(requiredValue(`${field}.requirements`, why));
  }
  return [
    ...errors,
    ...requirements.flatMap((requirement, i) => requirementErrors(requirement, `${field}.requirements[${i}]`)),
  ];
}

/** The selectors of what is asked about: each either as text or in parts. */
export function validateSelectors({ resourceAttributes }: AccessReviewSpec): readonly FieldError[] {
  const field = 'spec.resourceAttributes';
  return [
    ...selectorErrors(resourceAttributes?.fieldSelector, `${field}.fieldSelector`),
    ...selectorErrors(resourceAttributes?.labelSelector, `${field}.labelSelector`),
  ];
}

export function validateSubject(spec: AccessReviewSpec): readonly FieldError[] {
  if ((spec.user ?? '') !== '' || (spec.groups ?? []).length > 0) return [];
  return [invalidValue('spec.user', spec.user ?? '', 'at least one of user or group must be specified')];
}

/** A review in a namespace asks about that namespace only. */
export function validateLocal(spec: AccessReviewSpec, namespace: string): readonly FieldError[] {
  const asked = spec.resourceAttributes?.namespace ?? '';
  if (spec.nonResourceAttributes !== undefined && spec.nonResourceAttributes !== null)
    return [
      invalidValue('spec.nonResourceAttributes', spec.nonResourceAttributes, 'disallowed on this kind of request'),
    ];
  if (spec.resourceAttributes !== undefined && spec.resourceAttributes !== null && asked !== namespace)
    return [invalidValue('spec.resourceAttributes.namespace', asked, 'must match metadata.namespace')];
  return [];
}

/**
 * A review is not kept, so it has no metadata; what the server notes by itself and empty fields do
 * not count.
 */
export function validateMetadata(review: KubeObject, namespaced: boolean): readonly FieldError[] {
  const allowed = namespaced ? ['managedFields', 'namespace'] : ['managedFields'];
  const isEmpty = (value: unknown) =>
    value === undefined ||
    value === null ||
    value === '' ||
    (typeof value === 'object' && Object.keys(value).length === 0);
  const metadata = Object.entries(review.metadata ?? {}).filter(
    ([field, value]) => !allowed.includes(field) && !isEmpty(value),
  );
  if (metadata.length === 0) return [];
  return [
    invalidValue(
      'metadata',
      Object.fromEntries(metadata),
      namespaced ? 'must be empty except for namespace' : 'must be empty',
    ),
  ];
}

export function reviewedUser(spec: AccessReviewSpec): UserInfo {
  const extra = spec.extra ?? {};
  return {
    name: spec.user ?? '',
    ...(spec.uid === undefined || spec.uid === '' ? {} : { uid: spec.uid }),
    groups: spec.groups ?? [],
    ...(Object.keys(extra).length === 0 ? {} : { extra }),
  };
}

/** The request that a valid spec describes. */
export function reviewedRequest(spec: AccessReviewSpec, user: UserInfo, cluster: LogicalClusterName): AccessRequest {
  const resource = spec.resourceAttributes;
  if (resource === undefined || resource === null) {
    const { verb = '', path = '' } = spec.nonResourceAttributes ?? {};
    return { user, cluster, kind: 'non-resource', verb, path };
  }
  const { verb = '', group = '', version = '', subresource = '', namespace = '', name = '' } = resource;
  return {
    user,
    cluster,
    kind: 'resource',
    verb,
    group,
    version,
    resource: resource.resource ?? '',
    subresource,
    namespace,
    name,
  };
}
