/** The kinds of apis.kcp.io in their storage version, as far as sharing looks at them. */
import type { Condition, KubeObject, LabelSelectorSpec, LogicalClusterName } from '@kcp-ts/api';

export interface ClaimKey {
  readonly group?: string | undefined;
  readonly resource: string;
  readonly identityHash?: string | undefined;
}

export interface ExportClaim extends ClaimKey {
  readonly verbs: readonly string[];
  readonly defaultSelector?: ClaimSelector | undefined;
}

export interface ClaimSelector extends LabelSelectorSpec {
  readonly matchAll?: boolean;
}

export interface BindingClaim extends ClaimKey {
  readonly verbs: readonly string[];
  readonly selector: ClaimSelector;
  readonly state: 'Accepted' | 'Rejected';
}

export type AppliedClaim = Omit<BindingClaim, 'state'>;

export interface ExportedResource {
  readonly name: string;
  readonly group: string;
  readonly schema: string;
  readonly storage?: { readonly crd?: object; readonly virtual?: object };
}

export interface ApiExport extends KubeObject {
  readonly spec?: {
    readonly resources?: readonly ExportedResource[];
    readonly permissionClaims?: readonly ExportClaim[];
    readonly identity?: { readonly secretRef?: { readonly namespace?: string; readonly name?: string } };
    readonly maximalPermissionPolicy?: { readonly local?: object };
  };
  readonly status?: { readonly identityHash?: string; readonly conditions?: readonly Condition[] };
}

export interface BoundResourceStatus {
  readonly group: string;
  readonly resource: string;
  readonly schema: { readonly name: string; readonly UID: string; readonly identityHash: string };
  readonly storageVersions?: readonly string[];
}

export interface ApiBindingStatus {
  readonly phase?: 'Binding' | 'Bound';
  readonly apiExportClusterName?: LogicalClusterName;
  readonly boundResources?: readonly BoundResourceStatus[];
  readonly conditions?: readonly Condition[];
  readonly exportPermissionClaims?: readonly ExportClaim[];
  readonly appliedPermissionClaims?: readonly AppliedClaim[];
}

export interface ApiBinding extends KubeObject {
  readonly spec?: {
    readonly reference?: { readonly export?: { readonly path?: string; readonly name: string } };
    readonly permissionClaims?: readonly BindingClaim[];
  };
  readonly status?: ApiBindingStatus;
}

export interface ResourceNames {
  readonly plural: string;
  readonly singular?: string;
  readonly kind: string;
  readonly listKind?: string;
  readonly shortNames?: readonly string[];
}

export interface ApiResourceSchema extends KubeObject {
  readonly spec: {
    readonly group: string;
    readonly names: ResourceNames;
    readonly scope: 'Cluster' | 'Namespaced';
    readonly versions: readonly { readonly name: string; readonly served: boolean; readonly storage: boolean }[];
    readonly conversion?: object;
  };
}

export interface CustomResourceDefinition extends KubeObject {
  readonly spec: {
    readonly group: string;
    readonly names: ResourceNames;
    readonly versions: readonly { readonly name: string; readonly storage: boolean }[];
  };
  readonly status?: {
    readonly conditions?: readonly Condition[];
    readonly acceptedNames?: Partial<ResourceNames>;
    readonly storedVersions?: readonly string[];
  };
}
