/**
 * The state of an APIBinding, from nothing to Bound, as a function of what it refers to and of what
 * else its workspace serves. Pure but for reads, so that the controller and the creation of a
 * workspace with default bindings come to the same answer. (kcp facts 4.5.1, in its order of
 * checks)
 */
import type { Condition, ConditionChange, LogicalClusterName } from '@kcp-ts/api';
import { isTrueCondition, withCondition, withSummary } from '@kcp-ts/api';
import { appliedClaims, claimsProblem } from './claims.ts';
import { identityOf } from './export-identity.ts';
import { exportHash, exportLabel } from './hashes.ts';
import { withPolicyOf } from './kept-policy.ts';
import type {
  ApiBinding,
  ApiBindingStatus,
  ApiExport,
  ApiResourceSchema,
  BoundResourceStatus,
  CustomResourceDefinition,
  ResourceNames,
} from './types.ts';

export interface BindingReader {
  /** The logical cluster of a path or name, or undefined. */
  resolve(path: string): string | undefined;
  export(cluster: LogicalClusterName, name: string): ApiExport | undefined;
  schema(cluster: LogicalClusterName, name: string): ApiResourceSchema | undefined;
  /**
   * The copy of a schema that is bound already, though the provider may have deleted the original.
   */
  boundSchema(uid: string): ApiResourceSchema | undefined;
  /** The other bindings of the workspace. */
  otherBindings(): readonly ApiBinding[];
  definitions(): readonly CustomResourceDefinition[];
}

export interface BindingOutcome {
  readonly status: ApiBindingStatus;
  /** What the binding remembers of its export. */
  readonly annotations: Readonly<Record<string, string>> | undefined;
  /** Schemas that are bound now: a copy of each must be kept. */
  readonly schemas: readonly ApiResourceSchema[];
}

/**
 * Of the condition APIExportValid: the export has another identity than what is bound. kcp has no
 * word for it, since it lets the objects go.
 */
const identityMismatch = 'IdentityMismatch';

const errors = { severity: 'Error', status: 'False' } as const;

type Problem = Pick<ConditionChange, 'reason' | 'severity' | 'message'>;

interface Found {
  readonly cluster: LogicalClusterName;
  readonly source: ApiExport;
  readonly identityHash: string;
  readonly schemas: readonly ApiResourceSchema[];
}

function invalidExport(
  reason: string,
  message: string,
  severity: 'Error' | 'Warning' = 'Error',
): { readonly problem: Problem } {
  return { problem: { reason, message, severity } };
}

/**
 * Whether the label that a binding was created with, where it has one, is that of the export:
 * before it is bound nothing else says which was meant.
 */
function isLabelled({ metadata }: ApiBinding, cluster: LogicalClusterName, name: string): boolean {
  const hash = metadata.labels?.[exportLabel];
  return hash === undefined || hash === exportHash(cluster, name);
}

/** Steps 1 to 3: the export, its identity, its schemas. */
function findExport(
  binding: ApiBinding,
  ownCluster: LogicalClusterName,
  reader: BindingReader,
):
  | { readonly found: Found }
  | { readonly problem: Problem; readonly source?: ApiExport; readonly cluster?: LogicalClusterName } {
  const reference = binding.spec?.reference?.export;
  if (reference === undefined) return invalidExport('APIExportInvalidReference', 'Missing APIExport reference');
  const path = reference.path ?? ownCluster;
  const named = reader.resolve(path);
  // Who bound an export, and granted claims, meant the workspace that had this path then, and no
  // other that is made under it later.
  const meant = binding.status?.apiExportClusterName;
  const isMeant =
    named !== undefined && (meant === undefined ? isLabelled(binding, named, reference.name) : named === meant);
  const cluster = isMeant ? named : undefined;
  const source = cluster === undefined ? undefined : reader.export(cluster, reference.name);
  if (cluster === undefined || source === undefined)
    return invalidExport('APIExportNotFound', `APIExport ${path}|${reference.name} not found`);
  const identityHash = identityOf(source);
  if (identityHash === undefined) {
    return {
      ...invalidExport(
        'MissingIdentityHash',
        `APIExport ${path}|${reference.name} is missing status.identityHash`,
        'Warning',
      ),
      source,
    };
  }
  // Objects are stored under the identity that they were bound with: bound again to another one
  // they would be nobody's, and shown to anybody who has their key.
  const former = binding.status?.boundResources?.find(({ schema }) => schema.identityHash !== identityHash);
  if (former !== undefined) {
    const message = `APIExport ${path}|${reference.name} has the identity ${identityHash}, and ${groupResource(former.group, former.resource)} is bound with ${former.schema.identityHash}. Restore the identity secret of the APIExport, or delete the APIBinding with its objects`;
    return { ...invalidExport(identityMismatch, message), source, cluster };
  }
  const schemas: ApiResourceSchema[] = [];
  for (const resource of source.spec?.resources ?? []) {
    const schema = reader.schema(cluster, resource.schema);
    if (schema === undefined) {
      const message = `Invalid APIExport. Please contact the APIExport owner to resolve: APIResourceSchema ${JSON.stringify(resource.schema)} not found`;
      return { ...invalidExport('InternalError', message), source, cluster };
    }
    // Rights and policies are decided on what the export says, and objects are stored by what the
    // schema says.
    if (schema.spec.group !== resource.group || schema.spec.names.plural !== resource.name) {
      const message = `Invalid APIExport. Please contact the APIExport owner to resolve: APIResourceSchema ${JSON.stringify(resource.schema)} is not of ${groupResource(resource.group, resource.name)}`;
      return { ...invalidExport('InternalError', message), source, cluster };
    }
    schemas.push(schema);
  }
  return { found: { cluster, source, identityHash, schemas } };
}

function groupResource(group: string, resource: string): string {
  return group === '' ? resource : `${resource}.${group}`;
}

/**
 * Who holds each group and resource of the workspace: `{binding false}` or `{ true}`, as Go prints
 * the lock.
 */
function holders(reader: BindingReader): Map<string, string> {
  const held = new Map<string, string>();
  for (const definition of reader.definitions()) {
    if (isTrueCondition(definition.status?.conditions, 'Established'))
      held.set(groupResource(definition.spec.group, definition.spec.names.plural), '{ true}');
  }
  for (const other of reader.otherBindings()) {
    for (const bound of other.status?.boundResources ?? [])
      held.set(groupResource(bound.group, bound.resource), `{${other.metadata.name} false}`);
  }
  return held;
}

interface NamedOwner {
  readonly describe: string;
  readonly group: string;
  readonly names: Partial<ResourceNames>;
}

function ownersOfNames(reader: BindingReader): NamedOwner[] {
  const owners: NamedOwner[] = [];
  for (const other of reader.otherBindings()) {
    const reference = other.spec?.reference?.export;
    for (const bound of other.status?.boundResources ?? []) {
      const schema = reader.boundSchema(bound.schema.UID);
      if (schema === undefined) continue;
      const describe = `APIBinding ${JSON.stringify(other.metadata.name)} bound to ${reference?.path ?? ''}|${reference?.name ?? ''}`;
      owners.push({ describe, group: schema.spec.group, names: schema.spec.names });
    }
  }
  for (const definition of reader.definitions()) {
    if (!isTrueCondition(definition.status?.conditions, 'Established')) continue;
    const describe = `CustomResourceDefinition ${JSON.stringify(definition.metadata.name)}`;
    owners.push({ describe, group: definition.spec.group, names: definition.status?.acceptedNames ?? {} });
  }
  return owners;
}

/**
 * Owners of names by group and name, the first of each: each schema is compared with those alone
 * that have one of its names.
 */
interface OwnersByName {
  readonly taken: ReadonlyMap<string, number>;
  readonly kinds: ReadonlyMap<string, number>;
}

function nameKey(group: string, name: string): string {
  return `${group} ${name}`;
}

function ownersByName(owners: readonly NamedOwner[]): OwnersByName {
  const taken = new Map<string, number>();
  const kinds = new Map<string, number>();
  const note = (map: Map<string, number>, group: string, name: string | undefined, index: number) => {
    if (name === undefined || name === '') return;
    const key = nameKey(group, name);
    if (!map.has(key)) map.set(key, index);
  };
  for (const [index, { group, names }] of owners.entries()) {
    for (const name of [names.plural, names.singular, ...(names.shortNames ?? [])]) note(taken, group, name, index);
    for (const name of [names.kind, names.listKind]) note(kinds, group, name, index);
  }
  return { taken, kinds };
}

/** The first of a schema's names that somebody else in the workspace has in the same group. */
function nameConflict(
  schema: ApiResourceSchema,
  owners: readonly NamedOwner[],
  { taken, kinds }: OwnersByName,
): string | undefined {
  const { names, group } = schema.spec;
  const { plural, singular, shortNames = [], kind, listKind } = names;
  const owns = (map: ReadonlyMap<string, number>, name: string | undefined) =>
    name === undefined ? undefined : map.get(nameKey(group, name));
  const short = shortNames.find((name) => owns(taken, name) !== undefined);
  const clashes = [
    ['plural', plural, owns(taken, plural)],
    ['singular', singular, owns(taken, singular)],
    ['shortNames', `[${shortNames.join(' ')}]`, owns(taken, short)],
    ['kind', kind, owns(kinds, kind)],
    ['listKind', listKind, owns(kinds, listKind)],
  ] as const;
  const first = Math.min(...clashes.flatMap(([, , owner]) => owner ?? []));
  const found = clashes.find(([, , owner]) => owner === first);
  if (found === undefined) return undefined;
  const [field, value] = found;
  return `naming conflict with ${owners[first]?.describe ?? ''}: spec.names.${field}=${value ?? ''} is forbidden`;
}

interface Bound {
  readonly resources: readonly BoundResourceStatus[];
  readonly schemas: readonly ApiResourceSchema[];
  readonly problem: Problem | undefined;
}

function bind(found: Found, before: readonly BoundResourceStatus[], reader: BindingReader): Bound {
  const held = holders(reader);
  const owners = ownersOfNames(reader);
  const byName = ownersByName(owners);
  const skipped: string[] = [];
  const schemas: ApiResourceSchema[] = [];
  const resources = new Map(before.map((bound) => [groupResource(bound.group, bound.resource), bound]));
  let conflict: string | undefined;
  for (const schema of found.schemas) {
    const { group, names, versions } = schema.spec;
    const id = groupResource(group, names.plural);
    const holder = held.get(id);
    if (holder !== undefined) {
      skipped.push(`${id}:${holder}`);
      continue;
    }
    const clash = nameConflict(schema, owners, byName);
    if (clash !== undefined) {
      conflict ??= clash;
      continue;
    }
    const stored = versions.find((version) => version.storage)?.name ?? '';
    const versionsBefore = resources.get(id)?.storageVersions ?? [];
    resources.set(id, {
      group,
      resource: names.plural,
      schema: { name: schema.metadata.name, UID: schema.metadata.uid ?? '', identityHash: found.identityHash },
      storageVersions: [...new Set([...versionsBefore, stored])].sort(),
    });
    schemas.push(schema);
  }
  return { resources: [...resources.values()], schemas, problem: namingProblem(skipped.sort(), conflict) };
}

function namingProblem(skipped: readonly string[], conflict: string | undefined): Problem | undefined {
  const reason = 'NamingConflicts';
  if (skipped.length > 0) {
    return {
      reason,
      severity: 'Error',
      message: `Unable to bind APIs because they are bound by other APIBindings or CRDs: map[${skipped.join(' ')}]`,
    };
  }
  return conflict === undefined
    ? undefined
    : { reason, severity: 'Error', message: `Unable to bind APIs: ${conflict}` };
}

function condition(type: string, problem: Problem | undefined): ConditionChange {
  return problem === undefined ? { type, status: 'True' } : { type, ...errors, ...problem };
}

/** What was bound is still served, but nobody of the export sees it. */
function isMismatched(conditions: readonly Condition[]): boolean {
  return conditions.some(({ type, reason }) => type === 'APIExportValid' && reason === identityMismatch);
}

/**
 * The next status of a binding. `claimsApplied` tells whether every object that its claims show or
 * hide carries the right labels.
 */
export function evaluateBinding(
  binding: ApiBinding,
  ownCluster: LogicalClusterName,
  reader: BindingReader,
  now: string,
  claimsApplied: boolean,
): BindingOutcome {
  const before = binding.status ?? {};
  let conditions: Condition[] = [...(before.conditions ?? [])];
  const set = (change: ConditionChange) => {
    conditions = withCondition(conditions, change, now);
  };
  const completed = isTrueCondition(conditions, 'InitialBindingCompleted');
  const search = findExport(binding, ownCluster, reader);
  const source = 'found' in search ? search.found.source : search.source;
  const exported = source?.spec?.permissionClaims ?? before.exportPermissionClaims ?? [];
  const cluster = 'found' in search ? search.found.cluster : (search.cluster ?? before.apiExportClusterName);
  let bound: Bound = { resources: before.boundResources ?? [], schemas: [], problem: undefined };
  if ('found' in search) {
    set({ type: 'APIExportValid', status: 'True' });
    bound = bind(search.found, bound.resources, reader);
    set(condition('BindingUpToDate', bound.problem));
    if (!completed) set(condition('InitialBindingCompleted', bound.problem));
  } else {
    set(condition('APIExportValid', search.problem));
    const waiting = {
      reason: 'WaitingForEstablished',
      severity: 'Info',
      message: 'Waiting for API(s) to be established',
    } as const;
    if (!completed) set(condition('InitialBindingCompleted', waiting));
  }
  const granted = binding.spec?.permissionClaims ?? [];
  const problem = claimsProblem(exported, granted);
  set(
    problem === undefined
      ? { type: 'PermissionClaimsValid', status: 'True' }
      : { type: 'PermissionClaimsValid', status: 'False', ...problem },
  );
  if (claimsApplied) set({ type: 'PermissionClaimsApplied', status: 'True' });
  const done = completed || isTrueCondition(conditions, 'InitialBindingCompleted');
  const applied = done ? appliedClaims(exported, granted) : [];
  return {
    schemas: bound.schemas,
    annotations:
      source === undefined ? binding.metadata.annotations : withPolicyOf(source, cluster, binding.metadata.annotations),
    status: {
      ...(cluster === undefined ? {} : { apiExportClusterName: cluster }),
      ...(applied.length === 0 ? {} : { appliedPermissionClaims: applied }),
      ...(bound.resources.length === 0 ? {} : { boundResources: bound.resources }),
      conditions: withSummary(
        conditions,
        isMismatched(conditions) ? ['APIExportValid'] : ['InitialBindingCompleted'],
        now,
      ),
      ...(exported.length === 0 ? {} : { exportPermissionClaims: exported }),
      phase: done ? 'Bound' : 'Binding',
    },
  };
}
