/**
 * Reconciles default APIBindings of WorkspaceTypes with the lifecycle `Maintain`, for as long as
 * the workspace exists: creates missing bindings, and updates the accepted claims when the export's
 * claims change. Bindings with the lifecycle `InitializeOnly` and bindings that users have created
 * are not changed. (kcp facts, 4.7)
 */
import { isDeepStrictEqual } from 'node:util';
import type { Condition, KubeObject, LogicalClusterName } from '@kcp-ts/api';
import { asClusterName, isTrueCondition, withCondition } from '@kcp-ts/api';
import type { Turns } from '@kcp-ts/base';
import type { Controller } from '@kcp-ts/controller-runtime';
import { commit, nothingUnlessConflict } from '@kcp-ts/controller-runtime';
import type { ApiBinding, ApiExport } from '@kcp-ts/sharing';
import { bindingsPrefix, exportKey, exportsPrefix } from '@kcp-ts/sharing';
import type { Decision, Entry, Operation, ParsedReader, Reads } from '@kcp-ts/storage';
import { eachBatch, flagDeleting, hasText, parseKey, parseStored, storedFlags } from '@kcp-ts/storage';
import type { DefaultBinding, LogicalCluster, ResolvedType, WorkspaceType, WorkspaceTypes } from '@kcp-ts/tenancy';
import {
  acceptedClaims,
  createOperation,
  defaultBindingObject,
  defaultBindingsOf,
  lifecycleAnnotation,
  logicalClusterKey,
  logicalClustersPrefix,
  parseTypeName,
  pathAnnotation,
  typeAnnotation,
  typeClusterAnnotation,
} from '@kcp-ts/tenancy';
import type { ControllerDependencies } from './writer.ts';
import { objectOf, replaceOperation, timestamp } from './writer.ts';

export interface DefaultBindingsControllerDependencies extends ControllerDependencies {
  /** Of all shards. */
  readonly reader: ParsedReader;
  readonly types: WorkspaceTypes;
  readonly turns: Turns;
  /** A new decision: each workspace is reconciled in its own, a type may have thousands. */
  decide(): Decision;
  resolve(path: string): string | undefined;
  /** Every WorkspaceType of all shards. */
  allTypes(): Iterable<ResolvedType>;
  /** `tenancy.kcp.io/workspacetypes/<identity>/`. */
  typesPrefix(): string;
}

/** Key for all workspaces: reconciled when a type has changed. */
const everyWorkspace = 'every workspace';
const bindingsMax = 1_000;

interface Writable extends KubeObject {
  spec?: NonNullable<ApiBinding['spec']>;
}

/** The bindings that a workspace must have, or why that is unknown. */
type Wanted =
  | { readonly status: 'known'; readonly bindings: readonly DefaultBinding[] }
  | { readonly status: 'invalid'; readonly message: string };

const nothing: Wanted = { status: 'known', bindings: [] };

// check-allow function-length -- one reconciler: its functions share what each cluster waits for
export function createDefaultBindings(deps: DefaultBindingsControllerDependencies): Controller {
  const bindings = () => deps.served('apis.kcp.io', 'apibindings');
  const logicalClusters = () => deps.served('core.kcp.io', 'logicalclusters');

  function wantedOf(type: ResolvedType): Wanted {
    try {
      const wanted = defaultBindingsOf(deps.types.aliases(type));
      return { status: 'known', bindings: wanted.filter(({ lifecycle }) => lifecycle === 'Maintain') };
    } catch (error) {
      if (type.type.spec?.defaultAPIBindingLifecycle !== 'Maintain') return nothing;
      const message = `error resolving transitive set of workspace types: ${(error as Error).message}`;
      return { status: 'invalid', message };
    }
  }

  function wantedBy({ metadata }: LogicalCluster): Wanted {
    const { annotations = {} } = metadata;
    const parts = parseTypeName(annotations[typeAnnotation] ?? '');
    const type = parts && deps.types.at(parts.path, parts.name, annotations[typeClusterAnnotation]);
    return type === undefined ? nothing : wantedOf(type);
  }

  /**
   * The logical cluster that the binding's path refers to; undefined if it is not the one that the
   * type's author referred to.
   */
  function exportClusterOf({ path, cluster }: DefaultBinding): string | undefined {
    const now = deps.resolve(path);
    return cluster === undefined || cluster === now ? now : undefined;
  }

  function isFor(binding: ApiBinding, wanted: DefaultBinding, exportCluster: LogicalClusterName): boolean {
    const reference = binding.spec?.reference?.export;
    if (reference?.name !== wanted.export || reference.path === undefined) return false;
    return reference.path === wanted.path || deps.resolve(reference.path) === exportCluster;
  }

  /** The update of an existing binding; undefined if it is up to date. */
  function follow(entry: Entry, source: ApiExport): Operation | undefined {
    const object = objectOf<Writable>(bindings(), entry);
    const claims = acceptedClaims(source);
    if (isDeepStrictEqual(object.spec?.permissionClaims ?? [], claims)) return undefined;
    const { permissionClaims: _old, ...spec } = object.spec ?? {};
    object.spec = claims.length === 0 ? spec : { ...spec, permissionClaims: claims };
    return replaceOperation(deps, bindings(), entry, object);
  }

  /** The write that one binding needs, and whether it is reconciled. */
  function maintain(
    cluster: LogicalClusterName,
    path: string,
    wanted: DefaultBinding,
    existing: readonly Entry[],
  ): { readonly operation?: Operation | undefined; readonly done: boolean } {
    const exportCluster = exportClusterOf(wanted);
    const source = exportCluster && deps.reader.get<ApiExport>(exportKey(exportCluster, wanted.export));
    if (exportCluster === undefined || !source) return { done: false };
    const entry = existing.find(({ value }) => isFor(parseStored<ApiBinding>(value), wanted, exportCluster));
    if (entry === undefined) {
      const name = asClusterName(cluster);
      const object = defaultBindingObject(name, path, wanted, exportCluster, source);
      const creating = { served: deps.served, uuid: deps.random.uuid, shardNumber: deps.shardNumber };
      const created = { group: 'apis.kcp.io', plural: 'apibindings', namespace: '', object };
      return { operation: createOperation(creating, name, timestamp(deps), created), done: false };
    }
    const { metadata, status } = parseStored<ApiBinding>(entry.value);
    // It is created again after it is gone: a watch sees its deletion.
    if ((storedFlags(entry.value) & flagDeleting) !== 0) return { done: false };
    const operation = metadata.annotations?.[lifecycleAnnotation] === 'Maintain' ? follow(entry, source) : undefined;
    return {
      operation,
      done: operation === undefined && isTrueCondition(status?.conditions, 'InitialBindingCompleted'),
    };
  }

  function report(entry: Entry, change: Omit<Condition, 'lastTransitionTime'>): Operation[] {
    const object = objectOf<LogicalCluster>(logicalClusters(), entry);
    const before = object.status?.conditions ?? [];
    const conditions = withCondition(before, change, timestamp(deps));
    if (isDeepStrictEqual(conditions, before)) return [];
    object.status = { ...object.status, conditions };
    return [replaceOperation(deps, logicalClusters(), entry, object)];
  }

  /** What brings the bindings of one workspace up to date. */
  function maintainCluster(decision: Reads, key: string, wanted?: Wanted): readonly Operation[] {
    const entry = decision.peek(key);
    if (entry === undefined || (storedFlags(entry.value) & flagDeleting) !== 0) return [];
    const logicalCluster = parseStored<LogicalCluster>(entry.value);
    const asked = wanted ?? wantedBy(logicalCluster);
    const type = 'APIBindingsReconciled';
    if (asked.status === 'invalid') {
      const reason = 'WorkspaceTypesInvalid';
      const { message } = asked;
      return report(entry, { type, status: 'False', severity: 'Error', reason, message });
    }
    if (asked.bindings.length === 0) return [];
    const { cluster } = parseKey(key);
    const existing = decision.scan({ prefix: `${bindingsPrefix}${cluster}/` }, bindingsMax);
    const path = logicalCluster.metadata.annotations?.[pathAnnotation] ?? cluster;
    const operations: Operation[] = [];
    const waiting: string[] = [];
    for (const binding of asked.bindings) {
      const { operation, done } = maintain(cluster, path, binding, existing);
      if (operation !== undefined) operations.push(operation);
      if (!done) waiting.push(`${binding.path}:${binding.export}`);
    }
    const message = `APIBinding(s) not yet fully reconciled: ${waiting.join(', ')}`;
    const change =
      waiting.length === 0
        ? ({ type, status: 'True' } as const)
        : ({ type, status: 'False', severity: 'Info', reason: 'WaitingOnAPIBindings', message } as const);
    return [...operations, ...report(entry, change)];
  }

  /**
   * Reconciles every workspace whose type maintains bindings, each in its own decision. False on
   * any conflict.
   */
  async function maintainAll(): Promise<boolean> {
    const slices = deps.turns.begin();
    const byType = new Map<string, Wanted>();
    let all = true;
    for await (const entries of eachBatch(deps.store, { prefix: logicalClustersPrefix })) {
      for (const entry of entries) {
        const pause = slices.pause();
        if (pause !== undefined) await pause;
        const logicalCluster = parseStored<LogicalCluster>(entry.value);
        const { annotations = {} } = logicalCluster.metadata;
        const type = `${annotations[typeAnnotation]} ${annotations[typeClusterAnnotation]}`;
        const wanted = byType.get(type) ?? wantedBy(logicalCluster);
        byType.set(type, wanted);
        if (wanted.status === 'known' && wanted.bindings.length === 0) continue;
        const decision = deps.decide();
        if (!(await decision.commit(maintainCluster(decision, entry.key, wanted)))) all = false;
      }
    }
    return all;
  }

  /** The maintained bindings of all types; computed again after a type has changed. */
  let known: { readonly bindings: readonly DefaultBinding[]; readonly invalid: boolean } | undefined;

  function askedFor(): NonNullable<typeof known> {
    if (known !== undefined) return known;
    const found = [...deps.allTypes()].map(wantedOf);
    known = {
      bindings: found.flatMap((wanted) => (wanted.status === 'known' ? wanted.bindings : [])),
      invalid: found.some(({ status }) => status === 'invalid'),
    };
    return known;
  }

  /** Whether any type maintains bindings that a change of this key affects. */
  function concernsWorkspaces(key: string): boolean {
    const { bindings: asked, invalid } = askedFor();
    if (key === everyWorkspace) return invalid || asked.length > 0;
    const { cluster, name } = parseKey(key);
    return asked.some((binding) => binding.export === name && exportClusterOf(binding) === cluster);
  }

  return {
    name: 'default-bindings',
    watches: [
      {
        prefix: bindingsPrefix,
        keys: ({ event, parts }) =>
          hasText(event.value, lifecycleAnnotation) ? [logicalClusterKey(parts.cluster)] : [],
      },
      {
        prefix: exportsPrefix,
        keys: ({ event: { key, type, value, previous } }) =>
          type === 'delete' || sameClaims(value, previous?.value) ? [] : [key],
      },
      {
        prefix: deps.typesPrefix,
        keys({ event: { type, value, previous } }) {
          known = undefined;
          return type === 'delete' || sameSpec(value, previous?.value) ? [] : [everyWorkspace];
        },
      },
    ],
    initialKeys: () => [everyWorkspace],
    async reconcile(key, decision) {
      if (key.startsWith(logicalClustersPrefix)) return commit(maintainCluster(decision, key));
      return nothingUnlessConflict(!concernsWorkspaces(key) || (await maintainAll()));
    },
  };
}

function sameClaims(value: Uint8Array, previous: Uint8Array | undefined): boolean {
  if (previous === undefined) return false;
  const claimsOf = (bytes: Uint8Array) => parseStored<ApiExport>(bytes).spec?.permissionClaims ?? [];
  return isDeepStrictEqual(claimsOf(value), claimsOf(previous));
}

function sameSpec(value: Uint8Array, previous: Uint8Array | undefined): boolean {
  if (previous === undefined) return false;
  return isDeepStrictEqual(parseStored<WorkspaceType>(value).spec, parseStored<WorkspaceType>(previous).spec);
}
