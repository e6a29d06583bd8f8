import type { SignerDependencies } from './k8s/certificates/certificatesigningrequests/strategy.ts';
import type { NamespacesDependencies } from './k8s/core/namespaces/strategy.ts';
import type { RoleBindingsDependencies } from './k8s/rbac/rolebindings/strategy.ts';
import type { RolesDependencies } from './k8s/rbac/roles/strategy.ts';
import type { ApiBindingsDependencies } from './kcp/apis/apibindings/strategy.ts';
import type { ApiExportsDependencies } from './kcp/apis/apiexports/strategy.ts';
import type { ShardsDependencies } from './kcp/core/shards/strategy.ts';
import type { WorkspacesDependencies } from './kcp/tenancy/workspaces/strategy.ts';
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
