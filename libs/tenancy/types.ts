/**
 * The kinds of tenancy.kcp.io and core.kcp.io, as far as the making of workspaces looks at them.
 */
import type { Condition, KubeObject, LabelSelectorSpec, LogicalClusterName } from '@kcp-ts/api';

export interface TypeReference {
  readonly path?: string;
  readonly name: string;
}

export interface TypeLimit {
  readonly none?: boolean;
  readonly types?: readonly TypeReference[];
}

/**
 * Whether default bindings are only created with the workspace, or reconciled for as long as it
 * exists.
 */
export type BindingLifecycle = 'InitializeOnly' | 'Maintain';

export interface WorkspaceType extends KubeObject {
  readonly spec?: {
    readonly initializer?: boolean;
    readonly terminator?: boolean;
    readonly extend?: { readonly with?: readonly TypeReference[] };
    readonly additionalWorkspaceLabels?: Readonly<Record<string, string>>;
    readonly defaultChildWorkspaceType?: TypeReference;
    readonly limitAllowedChildren?: TypeLimit;
    readonly limitAllowedParents?: TypeLimit;
    readonly defaultAPIBindings?: readonly { readonly path?: string; readonly export: string }[];
    /** InitializeOnly where absent. */
    readonly defaultAPIBindingLifecycle?: BindingLifecycle;
  };
}

export interface Workspace extends KubeObject {
  spec?: {
    type?: { path?: string; name: string };
    location?: { selector?: LabelSelectorSpec };
    mount?: { ref: { apiVersion: string; kind: string; name: string; namespace?: string } };
    cluster?: LogicalClusterName;
    URL?: string;
  };
  status?: { phase?: string; conditions?: Condition[]; initializers?: string[]; terminators?: string[] };
}

export interface LogicalCluster extends KubeObject {
  spec?: {
    directlyDeletable?: boolean;
    createdBy?: {
      username?: string;
      uid?: string;
      groups?: readonly string[];
      extra?: Readonly<Record<string, readonly string[]>>;
    };
    initializers?: readonly string[];
    terminators?: readonly string[];
    owner?: { apiVersion: string; resource: string; name: string; cluster: LogicalClusterName; uid: string };
  };
  status?: { phase?: string; URL?: string; conditions?: Condition[]; initializers?: string[]; terminators?: string[] };
}

export interface Shard extends KubeObject {
  readonly spec?: { readonly baseURL?: string; readonly externalURL?: string; readonly virtualWorkspaceURL?: string };
}

/** Annotations and labels of workspaces and logical clusters. */
export const ownerAnnotation = 'experimental.tenancy.kcp.io/owner';
export const typeAnnotation = 'internal.tenancy.kcp.io/type';
/**
 * Of a LogicalCluster, and of a Workspace that has none yet: the logical cluster that held its type
 * when it was admitted, where the path of the type does not say so for ever.
 */
export const typeClusterAnnotation = 'internal.tenancy.kcp.io/type-cluster';
export const clusterNameAnnotation = 'internal.tenancy.kcp.io/cluster';
export const shardHashAnnotation = 'internal.tenancy.kcp.io/shard';
export const shardAnnotation = 'core.kcp.io/shard';
export const pathAnnotation = 'kcp.io/path';
export const requiredGroupsAnnotation = 'authorization.kcp.io/required-groups';
export const unschedulableAnnotation = 'experimental.core.kcp.io/unschedulable';
/** Of a WorkspaceType: JSON of the logical clusters that its paths meant when they were written. */
export const meantClustersAnnotation = 'internal.tenancy.kcp.io/meant-clusters';
/** On a default APIBinding: the lifecycle of the type that lists it. */
export const lifecycleAnnotation = 'experimental.tenancy.kcp.io/default-api-binding-lifecycle';
export const phaseLabel = 'tenancy.kcp.io/phase';

/** Finalizers. */
export const workspaceFinalizer = 'core.kcp.io/logicalcluster';
export const logicalClusterFinalizer = 'core.kcp.io/logicalcluster-deletion';
/** Of a LogicalCluster while its status names terminators. */
export const terminatorsFinalizer = 'kcp.io/has-terminators';

/** The initializer whose work is done when the default bindings are bound. */
export const bindingsInitializer = 'system:apibindings';
