import type { ClusterName, LogicalClusterName } from '@kcp-ts/api';
import type { Access } from '@kcp-ts/authz';
import type { WriteContext } from '@kcp-ts/registry';
import type { Tenancy } from '@kcp-ts/tenancy';
import type { SignerDependencies } from './k8s/certificates/certificatesigningrequests/strategy.ts';
import type { NamespacesDependencies } from './k8s/core/namespaces/strategy.ts';
import type { RoleBindingsDependencies } from './k8s/rbac/rolebindings/strategy.ts';
import type { RolesDependencies } from './k8s/rbac/roles/strategy.ts';
import type { ApiBindingsDependencies } from './kcp/apis/apibindings/strategy.ts';
import type { ApiExportsDependencies } from './kcp/apis/apiexports/strategy.ts';
import type { ShardsDependencies } from './kcp/core/shards/strategy.ts';
import type { ParentFacts, WorkspacesDependencies } from './kcp/tenancy/workspaces/strategy.ts';
import type { WorkspaceTypesDependencies } from './kcp/tenancy/workspacetypes/strategy.ts';

/** What the strategies of all kinds take from the server; each declares its own part. */
export interface KindDependencies
  extends ApiBindingsDependencies,
    ApiExportsDependencies,
    SignerDependencies,
    NamespacesDependencies,
    RoleBindingsDependencies,
    RolesDependencies,
    ShardsDependencies,
    WorkspacesDependencies,
    WorkspaceTypesDependencies {}

/** The parts of a server that have what strategies take, and what of them. */
export interface ServerParts
  extends Pick<NamespacesDependencies, 'caBundle' | 'label' | 'served' | 'shardNumber'>,
    Pick<ApiExportsDependencies, 'isBuiltin'>,
    ShardsDependencies {
  readonly random: { readonly uuid: NamespacesDependencies['uuid'] };
  readonly tenancy: Pick<Tenancy, 'plan' | 'types' | 'resolve' | 'pathOf'>;
  readonly access: Pick<Access, 'escalation' | 'maySign'>;
  readonly rights: Pick<WorkspaceTypesDependencies, 'mayBind' | 'meantBy'> & {
    mayUse(context: WriteContext, cluster: LogicalClusterName, name: string): boolean;
  };
  readonly clusters: {
    facts(cluster: ClusterName): (ParentFacts & { readonly deleting: boolean }) | undefined;
  };
}

export function kindDependenciesOf(server: ServerParts): KindDependencies {
  const { access, caBundle, clusters, clustersOn, isBuiltin, label, random, rights, served, shardNumber } = server;
  const { mayBind, mayUse, meantBy } = rights;
  const { plan, types, resolve, pathOf } = server.tenancy;
  return {
    plan,
    types,
    resolve,
    pathOf,
    mayBind,
    meantBy,
    served,
    uuid: random.uuid,
    shardNumber,
    caBundle,
    label,
    clusterDeleting: (cluster) => clusters.facts(cluster)?.deleting ?? false,
    escalation: access.escalation,
    maySign: access.maySign,
    parent: (cluster) => clusters.facts(cluster as ClusterName),
    mayUse: (context, type) => mayUse(context, type.cluster, type.name),
    clustersOn,
    isBuiltin,
  };
}
