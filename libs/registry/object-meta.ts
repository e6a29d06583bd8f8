/**
 * The registry's own part of an object's metadata: what the server sets, what a client may change,
 * and what is valid (apimachinery's ValidateObjectMeta).
 */
import type { FieldError, KubeObject, LogicalClusterName, ObjectMeta, ResourceDefinition } from '@kcp-ts/api';
import {
  finalizersMax,
  forbiddenField,
  invalidValue,
  objectMetaErrors,
  validateDnsLabel,
  validateDnsSubdomain,
  validatePathSegmentName,
  writeRulesOf,
} from '@kcp-ts/api';

/** The annotation that names the logical cluster on every object. */
export const clusterAnnotation = 'kcp.io/cluster';

const nameSuffixAlphabet = 'bcdfghjklmnpqrstvwxz2456789';
const nameSuffixLength = 5;
const nameLengthMax = 63;

/** `generateName` and five characters without vowels, as Kubernetes draws them. */
export function generatedName(base: string, integer: (below: number) => number): string {
  let suffix = '';
  for (let i = 0; i < nameSuffixLength; i++) suffix += nameSuffixAlphabet[integer(nameSuffixAlphabet.length)];
  return base.slice(0, nameLengthMax - nameSuffixLength) + suffix;
}

export interface CreatedMeta {
  readonly cluster: LogicalClusterName;
  readonly namespace: string;
  readonly uid: string;
  readonly timestamp: string;
  readonly generation: boolean;
}

function isEmpty(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0;
}

/**
 * What the server sets on a new object; clears what only the server may set. Keys come in the order
 * that Kubernetes prints them.
 */
export function stampCreated(object: KubeObject, created: CreatedMeta): void {
  const {
    name,
    generateName,
    namespace: _n,
    uid: _u,
    resourceVersion: _r,
    generation: sentGeneration,
    creationTimestamp: _c,
    ...rest
  } = object.metadata;
  const {
    deletionTimestamp: _d,
    deletionGracePeriodSeconds: _s,
    selfLink: _l,
    managedFields: _m,
    annotations,
    ...kept
  } = rest;
  for (const field of ['labels', 'finalizers', 'ownerReferences']) if (isEmpty(kept[field])) delete kept[field];
  object.metadata = {
    name,
    ...(generateName ? { generateName } : {}),
    ...(created.namespace === '' ? {} : { namespace: created.namespace }),
    uid: created.uid,
    resourceVersion: '',
    // Kinds that do not count leave it to their clients.
    ...(created.generation ? { generation: 1 } : sentGeneration ? { generation: sentGeneration } : {}),
    creationTimestamp: created.timestamp,
    ...kept,
    annotations: { ...annotations, [clusterAnnotation]: created.cluster },
  } as ObjectMeta;
}

/** What an update may not change is put back from the stored object. */
export function keepSystemMeta(object: KubeObject, old: KubeObject): void {
  const from = old.metadata;
  const { annotations, labels, finalizers, ownerReferences, name: _n, ...rest } = object.metadata;
  const meta: ObjectMeta = { name: from.name };
  if (from.generateName !== undefined) meta.generateName = from.generateName;
  if (from.namespace !== undefined) meta.namespace = from.namespace;
  if (from.uid !== undefined) meta.uid = from.uid;
  meta.resourceVersion = from.resourceVersion ?? '';
  if (from.generation !== undefined) meta.generation = from.generation;
  if (from.creationTimestamp !== undefined) meta.creationTimestamp = from.creationTimestamp;
  if (from.deletionTimestamp !== undefined) meta.deletionTimestamp = from.deletionTimestamp;
  if (from.deletionGracePeriodSeconds !== undefined) meta.deletionGracePeriodSeconds = from.deletionGracePeriodSeconds;
  if (labels !== undefined && Object.keys(labels).length > 0) meta.labels = labels;
  meta.annotations = { ...annotations, [clusterAnnotation]: from.annotations?.[clusterAnnotation] ?? '' };
  if (ownerReferences !== undefined && ownerReferences.length > 0) meta.ownerReferences = ownerReferences;
  if (finalizers !== undefined && finalizers.length > 0) meta.finalizers = finalizers;
  const known = new Set(Object.keys(meta));
  const serverOwned = new Set([
    'uid',
    'resourceVersion',
    'generation',
    'creationTimestamp',
    'deletionTimestamp',
    'managedFields',
    'selfLink',
  ]);
  for (const [key, value] of Object.entries(rest))
    if (!known.has(key) && !serverOwned.has(key) && !(key in from)) meta[key] = value;
  object.metadata = meta;
}

/**
 * A name is part of a key, of a line in a log and of a URL. Kubernetes' rule for segments of a path
 * lets through what none of them holds well: half of a surrogate pair has no UTF-8, so that the
 * name read back would be another one.
 */
function characterProblems(name: string): string[] {
  const problems: string[] = [];
  if (/\p{Cc}/u.test(name)) problems.push('may not contain control characters');
  if (!name.isWellFormed()) problems.push('may not contain half of a surrogate pair');
  return problems;
}

function nameProblems(definition: ResourceDefinition, name: string): readonly string[] {
  switch (definition.nameFormat) {
    case 'dns-label':
      return validateDnsLabel(name);
    case 'path-segment':
      return [...validatePathSegmentName(name), ...characterProblems(name)];
    case 'dns-subdomain':
      return validateDnsSubdomain(name);
  }
}

/**
 * Everything that apimachinery checks of an object's metadata, and
 * kubernetes/pkg/apis/core/validation of that of its own kinds.
 */
export function validateObjectMeta(definition: ResourceDefinition, object: KubeObject): FieldError[] {
  return [
    ...objectMetaErrors(object.metadata, (name) => nameProblems(definition, name), 'metadata'),
    ...(writeRulesOf(definition).qualifiedFinalizers ? unqualifiedFinalizers(object.metadata.finalizers ?? []) : []),
  ];
}

function unqualifiedFinalizers(finalizers: readonly string[]): FieldError[] {
  return finalizers.slice(0, finalizersMax).flatMap((finalizer, index) => {
    if (isQualifiedFinalizer(finalizer)) return [];
    const why = 'name is neither a standard finalizer name nor is it fully qualified';
    return [invalidValue(`metadata.finalizers[${index}]`, finalizer, why)];
  });
}

const standardFinalizers = new Set(['kubernetes', 'orphan', 'foregroundDeletion']);

function isQualifiedFinalizer(finalizer: string): boolean {
  return finalizer.includes('/') || standardFinalizers.has(finalizer);
}

/** Custom kinds are warned of finalizers that others might use as well. */
export function warnOfFinalizers(
  { dialect }: ResourceDefinition,
  { metadata }: KubeObject,
  old: KubeObject | undefined,
  request: { warn(text: string): void },
): void {
  if (dialect !== 'custom') return;
  const before = new Set(old?.metadata.finalizers);
  const added = new Set(metadata.finalizers?.filter((finalizer) => !before.has(finalizer)));
  for (const finalizer of [...added].sort()) {
    if (isQualifiedFinalizer(finalizer)) continue;
    const why =
      'prefer a domain-qualified finalizer name including a path (/) to avoid accidental conflicts with other finalizer writers';
    request.warn(`metadata.finalizers: ${JSON.stringify(finalizer)}: ${why}`);
  }
}

/**
 * Changes of what is set once: an absent time is a value too. What an object has already is kept
 * where a client leaves it out. The rules of the write path and those of each kind both say so,
 * hence twice.
 */
export function immutableMetaErrors({ metadata }: KubeObject, { metadata: old }: KubeObject): FieldError[] {
  const errors: FieldError[] = [];
  const compare = (field: 'uid' | 'deletionTimestamp' | 'deletionGracePeriodSeconds') => {
    const now = metadata[field] ?? old[field];
    if (now !== old[field]) errors.push(invalidValue(`metadata.${field}`, now, 'field is immutable'));
  };
  if (metadata.uid !== '') compare('uid');
  if (old.deletionTimestamp === undefined) compare('deletionTimestamp');
  compare('deletionGracePeriodSeconds');
  return [...errors, ...errors];
}

/** What apimachinery checks of a change of metadata. */
export function validateObjectMetaUpdate(object: KubeObject, old: KubeObject): FieldError[] {
  if (old.metadata.deletionTimestamp === undefined) return [];
  const before = new Set(old.metadata.finalizers ?? []);
  const added = (object.metadata.finalizers ?? []).filter((finalizer) => !before.has(finalizer));
  if (added.length === 0) return [];
  const list = added.map((finalizer) => JSON.stringify(finalizer)).join(', ');
  return [
    forbiddenField(
      'metadata.finalizers',
      `no new finalizers can be added if the object is being deleted, found new finalizers []string{${list}}`,
    ),
  ];
}
