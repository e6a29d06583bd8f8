/** Workspaces: who made them, of which type, where; and the one commit that makes them. */
import type { FieldError, KubeObject, LogicalClusterName } from '@kcp-ts/api';
import { groupResourceText, StatusError } from '@kcp-ts/api';
import type { Strategy, WriteContext } from '@kcp-ts/registry';
import type { Operation } from '@kcp-ts/storage';
import type { PlanDependencies, ResolvedType, Workspace, WorkspacePlan, WorkspaceTypes } from '@kcp-ts/tenancy';
import {
  ownerAnnotation,
  parentChildProblem,
  parseTypeName,
  phaseLabel,
  planWorkspace,
  requiredGroupsAnnotation,
  typeName,
} from '@kcp-ts/tenancy';
import { immutableField, ruleFailed, unchanged } from '../../../common/immutable.ts';
import { isPrivileged } from '../../common/privileged.ts';

export interface ParentFacts {
  readonly path: string;
  /** `<path>:<name>` of the parent's own type. */
  readonly type: string | undefined;
  /** The logical cluster that held that type when the parent was admitted. */
  readonly typeCluster: string | undefined;
  readonly requiredGroups: string | undefined;
}

export interface WorkspacesDependencies {
  readonly plan: PlanDependencies;
  readonly types: WorkspaceTypes;
  parent(cluster: LogicalClusterName): ParentFacts | undefined;
  /** Whether a user may use a type; the verb `use` on it, in its cluster. */
  mayUse(context: WriteContext, type: ResolvedType): boolean;
}

const withoutMounts = 'spec.mount needs the feature gate WorkspaceMounts, which this server does not have';

function forbid(context: WriteContext, object: KubeObject, why: string): StatusError {
  return StatusError.forbidden(context.served.definition, object.metadata.name ?? '', why);
}

function resolveType(deps: WorkspacesDependencies, workspace: Workspace, context: WriteContext): ResolvedType {
  const { types } = deps;
  const wanted = workspace.spec?.type;
  if (wanted !== undefined) {
    const found =
      wanted.path === undefined || wanted.path === ''
        ? types.near(context.cluster, wanted.name)
        : types.at(wanted.path, wanted.name);
    if (found !== undefined) return found;
    if (wanted.path === undefined || wanted.path === '')
      throw forbid(context, workspace, `workspace type ${JSON.stringify(wanted.name)} cannot be resolved`);
    const kind = groupResourceText({ group: 'tenancy.kcp.io', plural: 'workspacetypes' });
    throw forbid(
      context,
      workspace,
      `Internal error occurred: ${kind} ${JSON.stringify(`${wanted.path}:${wanted.name}`)} not found`,
    );
  }
  const parentType = parentTypeOf(deps, workspace, context);
  const child = parentType.type.spec?.defaultChildWorkspaceType;
  const found = child === undefined ? undefined : types.referred(parentType, child);
  if (found === undefined)
    throw forbid(
      context,
      workspace,
      `spec.defaultChildWorkspaceType of workspace type ${typeName(parentType)} must be set`,
    );
  return found;
}

function parentTypeOf(deps: WorkspacesDependencies, workspace: KubeObject, context: WriteContext): ResolvedType {
  const { type: text, typeCluster } = deps.parent(context.cluster) ?? {};
  if (text === undefined)
    throw forbid(context, workspace, 'annotation internal.tenancy.kcp.io/type on LogicalCluster must be set');
  const parts = parseTypeName(text);
  const found = parts === undefined ? undefined : deps.types.at(parts.path, parts.name, typeCluster);
  if (found === undefined) throw forbid(context, workspace, `parent type cannot be resolved: ${JSON.stringify(text)}`);
  return found;
}

function aliasesOf(
  deps: WorkspacesDependencies,
  type: ResolvedType,
  workspace: KubeObject,
  context: WriteContext,
): readonly ResolvedType[] {
  try {
    return deps.types.aliases(type);
  } catch (thrown) {
    throw forbid(context, workspace, (thrown as Error).message);
  }
}

/**
 * Admission: the type resolved and defaulted, `use` checked for it and all it extends, parent and
 * child agreed.
 */
function planOf(deps: WorkspacesDependencies, workspace: Workspace, context: WriteContext): WorkspacePlan {
  const type = resolveType(deps, workspace, context);
  const aliases = aliasesOf(deps, type, workspace, context);
  for (const alias of aliases) {
    if (deps.mayUse(context, alias)) continue;
    throw forbid(
      context,
      workspace,
      `unable to use workspace type ${typeName(alias)}: missing verb='use' permission on workspacetype`,
    );
  }
  const parentType = parentTypeOf(deps, workspace, context);
  const problem = parentChildProblem(aliasesOf(deps, parentType, workspace, context), aliases);
  if (problem !== undefined) throw forbid(context, workspace, problem);
  const parentPath = deps.parent(context.cluster)?.path ?? context.cluster;
  return { parent: context.cluster, parentPath, type, aliases, creator: context.user, timestamp: context.timestamp };
}

function ownerOf(context: WriteContext): string {
  const { name, uid, groups, extra } = context.user;
  return JSON.stringify({
    username: name,
    ...(uid === undefined ? {} : { uid }),
    groups,
    ...(extra === undefined ? {} : { extra }),
  });
}

function setRequiredGroups(deps: WorkspacesDependencies, workspace: Workspace, context: WriteContext): void {
  const inherited = deps.parent(context.cluster)?.requiredGroups;
  const annotations = workspace.metadata.annotations ?? {};
  if (annotations[requiredGroupsAnnotation] !== undefined && context.user.groups.includes('system:masters')) return;
  if (inherited === undefined) delete annotations[requiredGroupsAnnotation];
  else annotations[requiredGroupsAnnotation] = inherited;
  workspace.metadata.annotations = annotations;
}

function specErrors(workspace: Workspace, old: Workspace): FieldError[] {
  const spec = workspace.spec ?? {};
  const before = old.spec ?? {};
  const errors: FieldError[] = [];
  if (before.URL !== undefined && spec.URL === undefined) errors.push(ruleFailed('spec', 'URL cannot be unset'));
  if (before.cluster !== undefined && spec.cluster === undefined)
    errors.push(ruleFailed('spec', 'cluster cannot be unset'));
  else if (before.cluster !== undefined)
    errors.push(...unchanged('spec.cluster', before.cluster, spec.cluster, 'cluster is immutable'));
  if (before.mount !== undefined)
    errors.push(...unchanged('spec.mount', before.mount, spec.mount, 'mount is immutable'));
  if (before.type === undefined || spec.type === undefined) return errors;
  errors.push(...unchanged('spec.type', before.type.name, spec.type.name, 'name is immutable'));
  errors.push(...unchanged('spec.type', before.type.path, spec.type.path, 'path is immutable'));
  return errors;
}

export function createWorkspacesStrategy(deps: WorkspacesDependencies): Strategy {
  const plans = new WeakMap<KubeObject, WorkspacePlan>();
  return {
    prepareCreate(object, context) {
      context.served.schema.omitEmpty(object);
      const workspace = object as Workspace;
      const { metadata, spec } = workspace;
      if (spec?.cluster !== undefined && !isPrivileged(context.user))
        throw forbid(context, object, 'spec.Cluster can only be set by system privileged users');
      if (spec?.URL !== undefined && !isPrivileged(context.user))
        throw forbid(context, object, 'spec.URL can only be set by system privileged users');
      if (spec?.mount !== undefined) throw forbid(context, object, withoutMounts);
      metadata.annotations = { ...metadata.annotations, [ownerAnnotation]: ownerOf(context) };
      setRequiredGroups(deps, workspace, context);
      const plan = planOf(deps, workspace, context);
      plans.set(object, plan);
      workspace.spec = { ...spec, type: { name: plan.type.name, path: plan.type.path } };
      const labels = { ...metadata.labels, ...plan.type.type.spec?.additionalWorkspaceLabels };
      metadata.labels = { ...labels, [phaseLabel]: 'Scheduling' };
      workspace.status = { phase: 'Scheduling' };
    },
    accompanyCreate(object): readonly Operation[] {
      const plan = plans.get(object);
      return plan === undefined ? [] : planWorkspace(deps.plan, object as Workspace, plan);
    },
    prepareUpdate(object, _old, context) {
      const workspace = object as Workspace;
      const phase = workspace.status?.phase;
      if (context.subresource === 'status' && phase !== undefined)
        workspace.metadata.labels = { ...workspace.metadata.labels, [phaseLabel]: phase };
    },
    validateUpdate: (object, old) => specErrors(object as Workspace, old as Workspace),
    admitUpdate(object, old, context) {
      const { spec = {} } = object as Workspace;
      const { spec: before = {} } = old as Workspace;
      const [changed] = immutableField('spec.type', before.type, spec.type);
      if (changed !== undefined) throw forbid(context, object, `${changed.field}: ${changed.message}`);
      if (before.mount === undefined && spec.mount !== undefined) throw forbid(context, object, withoutMounts);
      if (isPrivileged(context.user)) return;
      if (spec.cluster !== before.cluster)
        throw forbid(context, object, 'spec.cluster can only be changed by system privileged users');
      if (spec.URL !== before.URL)
        throw forbid(context, object, 'spec.URL can only be changed by system privileged users');
    },
  };
}
