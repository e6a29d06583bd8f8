/**
 * A resource is a definition: a built-in kind, a kcp kind, a CRD's version and a bound API's
 * version are all this one value, and one registry serves them. What a definition cannot say is a
 * strategy, named here; those of built-in kinds are in libs/kinds.
 */
import type { JsonSchema } from './json-schema.ts';

export type Verb = 'create' | 'delete' | 'deletecollection' | 'get' | 'list' | 'patch' | 'update' | 'watch';

export interface PrinterColumn {
  readonly name: string;
  readonly type: 'string' | 'integer' | 'number' | 'boolean' | 'date';
  readonly format?: string;
  readonly description?: string;
  readonly priority?: number;
  /** Where the cell comes from; Kubernetes' JSONPath without braces, e.g. `.spec.size`. */
  readonly jsonPath?: string;
  /** Instead of `jsonPath`, for built-in kinds: computes the cell at a time in milliseconds. */
  readonly cell?: (object: Readonly<Record<string, unknown>>, now: number) => unknown;
}

export interface ScalePaths {
  readonly specReplicasPath: string;
  readonly statusReplicasPath: string;
  readonly labelSelectorPath?: string | undefined;
}

export interface SubresourceDefinition {
  readonly name: string;
  readonly verbs: readonly ('create' | 'get' | 'patch' | 'update')[];
  /**
   * The kind that the subresource takes and gives, where it is not the parent's: `Scale`,
   * `TokenRequest`.
   */
  readonly kind?: string;
  readonly group?: string;
  readonly version?: string;
  /** The schema of that kind, where it is not the parent's. */
  readonly schema?: JsonSchema;
}

/** What a kind's strategy (Kubernetes' word) says of its updates and deletes. */
export interface WriteRules {
  /**
   * A PUT without a resourceVersion replaces whatever is there; else it must name what it replaces.
   */
  readonly unconditionalUpdate: boolean;
  /** A PUT of an object that is not there creates it. */
  readonly createOnUpdate: boolean;
  /**
   * `metadata.generation` is 1 from the start and counts the changes of anything but metadata and
   * status.
   */
  readonly countsGenerations: boolean;
  /** A write of the status leaves the metadata as it is. */
  readonly statusKeepsMetadata: boolean;
  /** A delete answers with the object that is gone, not with a Status. */
  readonly returnsDeleted: boolean;
  /**
   * Finalizers are qualified names or Kubernetes' own: kubernetes/pkg/apis/core/validation, which
   * is stricter than apimachinery.
   */
  readonly qualifiedFinalizers: boolean;
}

/**
 * That of custom resources: k8s.io/apiextensions-apiserver/pkg/registry/customresource/strategy.go.
 */
const customWriteRules: WriteRules = {
  unconditionalUpdate: false,
  createOnUpdate: false,
  countsGenerations: true,
  statusKeepsMetadata: true,
  returnsDeleted: false,
  qualifiedFinalizers: false,
};

export function writeRulesOf(definition: { readonly writeRules?: WriteRules }): WriteRules {
  return definition.writeRules ?? customWriteRules;
}

/** How many items a list may have. */
export interface ListBound {
  /** Names of fields from the object's top, `[]` for each item of a list. */
  readonly path: readonly string[];
  readonly max: number;
}

export interface ResourceDefinition {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly listKind: string;
  readonly plural: string;
  readonly singular: string;
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  readonly namespaced: boolean;
  /** In the order that discovery lists them. Reviews have `create` alone. */
  readonly verbs: readonly Verb[];
  readonly subresources: readonly SubresourceDefinition[];
  readonly scale?: ScalePaths | undefined;
  /** The whole object; `metadata` stands as `{type: object}` and is checked by the registry. */
  readonly schema: JsonSchema;
  readonly columns: readonly PrinterColumn[];
  /**
   * JSONPaths (`.spec.color`) that a field selector may name besides metadata.name and
   * metadata.namespace.
   */
  readonly selectableFields: readonly string[];
  /**
   * `builtin`: Go's decoding texts, strategic merge patch, kept zero values; `custom`: structural
   * pruning and defaulting.
   */
  readonly dialect: 'builtin' | 'custom';
  readonly nameFormat: 'dns-subdomain' | 'dns-label' | 'path-segment';
  /** Never stored: the handler computes an answer (reviews). */
  readonly virtual?: boolean;
  readonly strategy?: string | undefined;
  readonly deprecated?: boolean;
  readonly deprecationWarning?: string | undefined;
  /**
   * The version objects of this resource are stored in; the definition's own version when absent.
   */
  readonly storageVersion?: string;
  /**
   * The group and version whose stored objects this definition shows in its own shape; the strategy
   * converts. Absent: the objects are this definition's own.
   */
  readonly aliasOf?: { readonly group: string; readonly version: string };
  /**
   * kcp's schema of the kind has CEL rules, which its strategy states here: they are not checked of
   * objects that the schema refuses, and the answer says so.
   */
  readonly rules?: boolean;
  /** A custom resource's when absent. */
  readonly writeRules?: WriteRules;
  /**
   * Checked before anything else looks at an object that is written; no bounds but those of the
   * schema when absent.
   */
  readonly listBounds?: readonly ListBound[];
}

/**
 * `plural.group`, or the plural alone in the core group: the text that errors and CRD names use.
 */
export function groupResourceText(definition: { readonly group: string; readonly plural: string }): string {
  return definition.group === '' ? definition.plural : `${definition.plural}.${definition.group}`;
}

/** `group/version`, or the version alone in the core group. */
export function groupVersionText(definition: { readonly group: string; readonly version: string }): string {
  return definition.group === '' ? definition.version : `${definition.group}/${definition.version}`;
}
