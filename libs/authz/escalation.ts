/** Nobody may hand out rights that he does not have: checks of writes of roles and bindings. */
import { isDeepStrictEqual } from 'node:util';
import type { KubeObject, LogicalClusterName, UserInfo } from '@kcp-ts/api';
import { StatusError } from '@kcp-ts/api';
import { hasGroup } from './attributes.ts';
import type { Authorizer } from './authorizer.ts';
import { compactRules, formatRule, quotedList, uncoveredRules } from './covers.ts';
import type { Rbac } from './rbac.ts';
import { effectiveRules } from './reviews.ts';
import type { Binding, PolicyRule, Role } from './rule-source.ts';
import { rbacGroup } from './rule-source.ts';
import { mastersGroup, systemAdminCluster } from './well-known.ts';

/** Who writes where; `namespace` is '' for cluster-scoped objects. */
export interface RbacWriter {
  readonly user: UserInfo;
  readonly cluster: LogicalClusterName;
  readonly namespace: string;
}

export interface Escalation {
  /**
   * Refuses a Role or ClusterRole (`old` where it is an update) with rules that the writer neither
   * holds nor may `escalate`; throws a StatusError Forbidden.
   */
  checkRole(role: KubeObject, old: KubeObject | undefined, writer: RbacWriter): void;
  /**
   * Refuses a binding to a role whose rules the writer neither holds nor may `bind`; throws a
   * StatusError Forbidden, or NotFound for a role that is not there. Where the cluster and
   * `system:admin` both have a ClusterRole of that name, the writer must hold the rules of both: a
   * binding whose own role is deleted means the other.
   */
  checkBinding(binding: KubeObject, old: KubeObject | undefined, writer: RbacWriter): void;
  /**
   * Refuses to delete a ClusterRole that stands before one of the same name in `system:admin`,
   * whose rules its bindings then mean: unless the writer holds them, or may `bind` or `escalate`
   * that role; throws a StatusError Forbidden.
   */
  checkRoleRemoval(role: KubeObject, writer: RbacWriter): void;
}

const everything: readonly PolicyRule[] = [
  { verbs: ['*'], apiGroups: ['*'], resources: ['*'] },
  { verbs: ['*'], nonResourceURLs: ['*'] },
];

const pluralOf: Readonly<Record<string, string>> = {
  Role: 'roles',
  ClusterRole: 'clusterroles',
  RoleBinding: 'rolebindings',
  ClusterRoleBinding: 'clusterrolebindings',
};

function pluralFor(kind: string): string {
  return pluralOf[kind] ?? kind.toLowerCase();
}

function aggregates(role: Role | undefined): boolean {
  return role?.aggregationRule !== undefined && role.aggregationRule !== null;
}

/**
 * Whether an update changes no more than the garbage collector must be able to. Anything else is
 * judged again even where the rules stay: a label may make another role aggregate them.
 */
function isForCollectionOnly(object: KubeObject, old: KubeObject): boolean {
  const rest = ({ metadata, ...fields }: KubeObject): unknown => {
    const {
      ownerReferences: _owners,
      finalizers: _finalizers,
      managedFields: _managed,
      resourceVersion: _version,
      ...others
    } = metadata;
    return { ...fields, metadata: others };
  };
  return isDeepStrictEqual(rest(object), rest(old));
}

export function createEscalation(authorizer: Authorizer, rbac: Rbac): Escalation {
  function mayVerb(verb: 'escalate' | 'bind', kind: string, name: string, writer: RbacWriter): boolean {
    const target = {
      group: rbacGroup,
      version: 'v1',
      resource: pluralFor(kind),
      subresource: '',
      namespace: writer.namespace,
      name,
    };
    return authorizer.authorize({ user: writer.user, cluster: writer.cluster, verb, kind: 'resource', ...target })
      .allowed;
  }

  function missing(rules: readonly PolicyRule[], { user, cluster, namespace }: RbacWriter): readonly PolicyRule[] {
    return rules.length === 0 ? [] : uncoveredRules(effectiveRules(rbac, user, cluster, namespace), rules);
  }

  function confirm(object: KubeObject, rules: readonly PolicyRule[], writer: RbacWriter): void {
    const lacking = missing(rules, writer);
    if (lacking.length === 0) return;
    const texts = [...new Set(compactRules(lacking).map(formatRule))].sort();
    const who = `user ${JSON.stringify(writer.user.name)} (groups=${quotedList(writer.user.groups)})`;
    throw forbidden(object, `${who} is attempting to grant RBAC permissions not currently held:\n${texts.join('\n')}`);
  }

  function forbidden(object: KubeObject, why: string): StatusError {
    return StatusError.forbidden({ group: rbacGroup, plural: pluralFor(object.kind) }, object.metadata.name, why);
  }

  return {
    checkRole(object, old, writer) {
      if (hasGroup(writer.user, mastersGroup)) return;
      const role = object as unknown as Role;
      const before = old as unknown as Role | undefined;
      if (old !== undefined && isForCollectionOnly(object, old)) return;
      // As in Kubernetes the name is the request's, and a create has none: `escalate` by
      // resourceNames counts for updates only.
      if (mayVerb('escalate', object.kind, old === undefined ? '' : object.metadata.name, writer)) return;
      confirm(object, role.rules ?? [], writer);
      if (!aggregates(role) && !aggregates(before)) return;
      if (missing(everything, writer).length > 0)
        throw forbidden(object, 'must have cluster-admin privileges to use the aggregationRule');
    },
    checkBinding(object, old, writer) {
      if (hasGroup(writer.user, mastersGroup)) return;
      if (old !== undefined && isForCollectionOnly(object, old)) return;
      const { roleRef } = object as unknown as Binding;
      if (mayVerb('bind', roleRef.kind, roleRef.name, writer)) return;
      const rules = rbac.roleRules(writer.cluster, writer.namespace, roleRef);
      if (rules === undefined)
        throw StatusError.notFound({ group: rbacGroup, plural: pluralFor(roleRef.kind) }, roleRef.name);
      confirm(object, rules, writer);
    },
    checkRoleRemoval(object, writer) {
      if (hasGroup(writer.user, mastersGroup) || writer.cluster === systemAdminCluster) return;
      const { kind } = object;
      const { name } = object.metadata;
      const uncovered = kind === 'ClusterRole' ? rbac.roleRules(systemAdminCluster, '', { kind, name }) : undefined;
      if (uncovered === undefined || missing(uncovered, writer).length === 0) return;
      if (mayVerb('escalate', kind, name, writer) || mayVerb('bind', kind, name, writer)) return;
      confirm(object, uncovered, writer);
    },
  };
}
