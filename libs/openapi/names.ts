/**
 * What things are called in OpenAPI documents: as in Kubernetes, so that clients which look for a
 * name find it.
 */
import type { ResourceDefinition } from '@kcp-ts/api';

export interface GroupVersion {
  readonly group: string;
  readonly version: string;
}

/**
 * `api/v1`, `apis/example.io/v1`: the key of a document in the index of OpenAPI v3, and the
 * beginning of its paths.
 */
export function documentKey({ group, version }: GroupVersion): string {
  return group === '' ? `api/${version}` : `apis/${group}/${version}`;
}

function builtinPackage(group: string): string {
  if (group === 'apiextensions.k8s.io') return 'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions';
  return `io.k8s.api.${group === '' ? 'core' : (group.split('.')[0] ?? group)}`;
}

/**
 * `io.k8s.api.core.v1.ConfigMap` for a built-in kind; the group backwards, `io.example.v1.Widget`,
 * for a custom one.
 */
export function definitionName(
  resourceDefinition: Pick<ResourceDefinition, 'group' | 'version' | 'dialect'>,
  kind: string,
): string {
  const { group, version, dialect } = resourceDefinition;
  const prefix = dialect === 'builtin' || group === '' ? builtinPackage(group) : group.split('.').reverse().join('.');
  return `${prefix}.${version}.${kind}`;
}

export function metaName(kind: string): string {
  return `io.k8s.apimachinery.pkg.apis.meta.v1.${kind}`;
}

export const quantityName = 'io.k8s.apimachinery.pkg.api.resource.Quantity';
export const scaleName = 'io.k8s.api.autoscaling.v1.Scale';

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function groupWords(group: string): string {
  if (group === '') return 'core';
  const [first = '', ...rest] = group.replace(/\.k8s\.io$/, '').split(/[.-]/);
  return first + rest.map(capital).join('');
}

/** `core_v1`, `tenancyKcpIo_v1alpha1`. */
export function operationTag({ group, version }: GroupVersion): string {
  return `${groupWords(group)}_${version}`;
}

/** `CoreV1`, `TenancyKcpIoV1alpha1`: the middle of an operation's id. */
export function operationScope({ group, version }: GroupVersion): string {
  return `${capital(groupWords(group))}${capital(version)}`;
}
