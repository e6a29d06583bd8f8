/**
 * PUT, PATCH and the subresources that write: from the live object to the changed one, down the one
 * path of writes (`write-path.ts`), in the one loop (`write-loop.ts`). If another writer was
 * faster, the change is applied again to what that one wrote, unless the client named the
 * resourceVersion that it wants to replace.
 */
import { isDeepStrictEqual } from 'node:util';
import type { KubeObject } from '@kcp-ts/api';
import { invalidValue, StatusError, writeRulesOf } from '@kcp-ts/api';
import type { Slices } from '@kcp-ts/base';
import { canonicalJson } from '@kcp-ts/schema';
import type { Entry } from '@kcp-ts/storage';
import { checkBounds } from './check-bounds.ts';
import {
  checkKind,
  checkNamespace,
  ensureMetadata,
  fieldsProblem,
  patchedKindProblem,
  undecodable,
} from './check-fields.ts';
import type { Written } from './create.ts';
import { prepareCreate } from './create.ts';
import { immutableMetaErrors, keepSystemMeta, validateObjectMeta, validateObjectMetaUpdate } from './object-meta.ts';
import { dropRepeatedOwners } from './owner-references.ts';
import { expiryOf, putOperation } from './put-operation.ts';
import type { RegistryDependencies } from './registry-dependencies.ts';
import type { ServedResource } from './served-resource.ts';
import { convertToServed, currentObject, dryRunObject, metadataObject } from './stored-object.ts';
import { untilDurable } from './until-durable.ts';
import type { PreparedWrite, WritePlan } from './write-loop.ts';
import { writeInAttempts } from './write-loop.ts';
import { completeWrite, hasStatusSubresource, setStatus, settle, writeContext } from './write-path.ts';
import type { WriteRequest } from './write-request.ts';

export interface ChangeResult {
  readonly object: KubeObject;
  /** Paths of doubled keys in the body. */
  readonly duplicates: readonly string[];
  /**
   * Of a patch: what is shown and said of it when its result cannot be decoded for `problem`; the
   * result itself, and `problem`, when absent.
   */
  unusable?(problem: string): { readonly shown: string; readonly why: string };
}

export interface UpdateRequest extends WriteRequest {
  readonly name: string;
  /**
   * From the live object in the served version (made at each call) to the wanted one. Called once
   * per attempt; must not change what `live` gave before.
   */
  change(live: () => KubeObject, slices: Slices): ChangeResult | Promise<ChangeResult>;
  /**
   * A PUT: what is sent is looked at before what is there, and may have to name the resourceVersion
   * it replaces.
   */
  readonly replaces: boolean;
  /** A PUT of some kinds creates what is not there: throws Forbidden where the user may not. */
  authorizeCreate?(): void;
}

/** What a client wants, decoded. */
interface Wanted {
  readonly object: KubeObject;
  /** Names the state that it replaces: with another one it is of no use. */
  readonly optimistic: boolean;
}

function uidConflict({ served, name }: UpdateRequest, sent: string, stored: string): StatusError {
  const why = `Precondition failed: UID in precondition: ${sent}, UID in object meta: ${stored}`;
  return StatusError.conflict(served.definition, name, why);
}

function checkPreconditions(request: UpdateRequest, changed: KubeObject, old: KubeObject): void {
  const { definition } = request.served;
  const { uid, resourceVersion } = changed.metadata;
  // A patch asks for no object in particular: its result has another uid, which cannot be.
  if (request.replaces && uid !== undefined && uid !== '' && uid !== old.metadata.uid)
    throw uidConflict(request, uid, old.metadata.uid ?? '');
  if (resourceVersion !== undefined && resourceVersion !== '' && resourceVersion !== '0') {
    if (resourceVersion !== old.metadata.resourceVersion) throw StatusError.conflict(definition, request.name);
  } else if (request.replaces && !writeRulesOf(definition).unconditionalUpdate) {
    // Kubernetes names the resource here, where a kind is usual.
    throw StatusError.invalid({ group: definition.group, kind: definition.plural }, request.name, [
      invalidValue('metadata.resourceVersion', 0, 'must be specified for an update'),
    ]);
  }
}

function checkName({ name, namespace }: UpdateRequest, { metadata }: KubeObject): void {
  const wrong = (why: string) => StatusError.badRequest(`the ${why}`);
  if (!metadata.name)
    throw wrong(`name of the object (${name} based on URL) was undeterminable: name must be provided`);
  if (metadata.name !== name)
    throw wrong(`name of the object (${metadata.name}) does not match the name on the URL (${name})`);
  const sent = metadata.namespace;
  if (namespace !== '' && sent !== undefined && sent !== '' && sent !== namespace)
    throw wrong(`namespace of the object (${sent}) does not match the namespace on the request (${namespace})`);
}

/**
 * The 422 of a patch whose result cannot be decoded; it shows the result, made once more, since
 * decoding changes what it decodes.
 */
async function unusablePatch(
  request: UpdateRequest,
  live: () => KubeObject,
  slices: Slices,
  problem: string,
): Promise<StatusError> {
  const { object, unusable } = await request.change(live, slices);
  const sorted = Object.fromEntries(Object.entries(object).sort(([a], [b]) => (a < b ? -1 : 1)));
  const text = request.served.definition.dialect === 'custom' ? canonicalJson(object) : JSON.stringify(sorted);
  const { shown, why } = unusable?.(problem) ?? { shown: text, why: problem };
  return StatusError.invalid({ group: '', kind: '' }, '', [invalidValue('patch', shown, why)]);
}

/**
 * From what the client sent, applied to what is there, to an object of the served version whose
 * names are those of the URL.
 */
async function wantedOf(request: UpdateRequest, live: () => KubeObject, slices: Slices): Promise<Wanted> {
  const { served, replaces } = request;
  const { object, duplicates } = await request.change(live, slices);
  // What replaces the whole object is a body, and was measured as it was decoded.
  if (!replaces) checkBounds(served, object, request.name);
  if (slices.due) await slices.pause();
  if (replaces) checkKind(served, object);
  const kindProblem = replaces ? undefined : patchedKindProblem(served, object);
  const problem = kindProblem ?? fieldsProblem(served, object, duplicates, request);
  if (problem !== undefined)
    throw replaces ? undecodable(served.definition, problem) : await unusablePatch(request, live, slices, problem);
  if (slices.due) await slices.pause();
  ensureMetadata(object);
  checkName(request, object);
  checkNamespace(request, object);
  dropRepeatedOwners(object, request);
  const { resourceVersion } = object.metadata;
  const named = resourceVersion !== undefined && resourceVersion !== '' && resourceVersion !== '0';
  return { object, optimistic: replaces && named };
}

/** What the subresource does not own comes from the live object. */
function restrictToSubresource(request: UpdateRequest, changed: KubeObject, live: () => KubeObject): KubeObject {
  if (request.subresource === 'status' && writeRulesOf(request.served.definition).statusKeepsMetadata) {
    const base = live();
    setStatus(base, changed);
    return base;
  }
  if (request.subresource === 'status') return { ...live(), metadata: changed.metadata, status: changed['status'] };
  if (request.subresource === '' && hasStatusSubresource(request.served)) setStatus(changed, live());
  return changed;
}

/** From the wanted object in the served version to the one to store, and to its commit. */
async function prepareUpdate(
  deps: RegistryDependencies,
  request: UpdateRequest,
  entry: Entry,
  slices: Slices,
): Promise<PreparedWrite<Written>> {
  const { served } = request;
  const { definition, storage } = served;
  const old = currentObject(storage, entry.value);
  const live = () => convertToServed(served, currentObject(storage, entry.value));
  if (slices.due) await slices.pause();
  const wanted = await wantedOf(request, live, slices);
  checkPreconditions(request, wanted.object, old);
  const context = writeContext(deps, request);
  const changed = restrictToSubresource(request, wanted.object, live);
  if (slices.due) await slices.pause();
  const immutable = immutableMetaErrors(changed, old);
  keepSystemMeta(changed, old);
  const metaErrors = () => [
    ...validateObjectMetaUpdate(changed, old),
    ...immutable,
    ...validateObjectMeta(definition, changed),
  ];
  const stored = () => currentObject(storage, entry.value);
  const write = { object: changed, update: { old, live, stored }, metaErrors };
  const object = await completeWrite(deps, request, context, write, slices);
  if (slices.due) await slices.pause();
  return {
    plan: () => updatePlan(deps, request, object, old, entry),
    onConflict() {
      if (wanted.optimistic) throw StatusError.conflict(definition, request.name);
      return 'read';
    },
  };
}

/** An object whose deletion waited for its last finalizer goes with the update that removes it. */
function isFinalRemoval(storage: ServedResource, object: KubeObject): boolean {
  return (
    object.metadata.deletionTimestamp !== undefined &&
    (object.metadata.finalizers ?? []).length === 0 &&
    (storage.strategy.deletesLater !== true || storage.strategy.mayGo?.(object) === true)
  );
}

function nothingIsLive(): never {
  throw new Error('a PUT was asked for an object that is not there');
}

function isCreatedByPut({ served, subresource }: UpdateRequest): boolean {
  return subresource === '' && writeRulesOf(served.definition).createOnUpdate;
}

/** A PUT creates what it did not find; if another writer does so first, it updates that. */
function prepareCreateByPut(
  deps: RegistryDependencies,
  request: UpdateRequest,
  object: KubeObject,
): Promise<PreparedWrite<Written>> {
  const { uid } = object.metadata;
  if (uid !== undefined && uid !== '') throw uidConflict(request, uid, '');
  request.authorizeCreate?.();
  delete object.metadata.resourceVersion;
  return prepareCreate(deps, request, object, []);
}

/** The changed object, or its removal; nothing if the update changes nothing, or is a dry run. */
function updatePlan(
  deps: RegistryDependencies,
  request: UpdateRequest,
  object: KubeObject,
  old: KubeObject,
  { key, revision: expect, value: stored, stale }: Entry,
): WritePlan<Written> {
  const { storage } = request.served;
  const conditions = settle(deps, request, object, old, writeContext(deps, request));
  // What is encrypted with a former key is written again, as it is.
  if (stale === undefined && isDeepStrictEqual(object, old)) {
    const answer = async () => {
      await untilDurable(deps.store, key, expect);
      return { value: stored, created: false };
    };
    return { operations: [], answer };
  }
  const withoutCommit = () => ({ value: dryRunObject(storage, object), created: false });
  if (request.dryRun) return { operations: [], answer: withoutCommit };
  if (isFinalRemoval(storage, object))
    return { operations: [{ op: 'delete', key, expect }, ...conditions], answer: withoutCommit };
  const { operation, value } = putOperation(deps, storage, object, {
    key,
    expect,
    expiresAt: expiryOf(deps, storage),
  });
  return { operations: [operation, ...conditions], answer: () => ({ value: value(), created: false }) };
}

/** What is not there, or not shown, is not found, unless a PUT may create it. */
async function prepareMissing(
  deps: RegistryDependencies,
  request: UpdateRequest,
  isThere: boolean,
  slices: Slices,
): Promise<PreparedWrite<Written>> {
  // What is sent is decoded before anybody looks for what it replaces.
  const wanted = request.replaces ? await wantedOf(request, nothingIsLive, slices) : undefined;
  if (wanted === undefined || isThere || !isCreatedByPut(request))
    throw StatusError.notFound(request.served.definition, request.name);
  return prepareCreateByPut(deps, request, wanted.object);
}

/** Prepares the write of one attempt. */
function prepare(
  deps: RegistryDependencies,
  request: UpdateRequest,
  entry: Entry | undefined,
): Promise<PreparedWrite<Written>> {
  const { served, objectFilter } = request;
  const slices = request.slices ?? deps.turns.begin();
  const isShown = entry !== undefined && objectFilter?.isVisible(metadataObject(served.storage, entry.value)) !== false;
  return isShown
    ? prepareUpdate(deps, request, entry, slices)
    : prepareMissing(deps, request, entry !== undefined, slices);
}

/**
 * Changes one object. Throws StatusError NotFound if there is none, and Conflict if another writer
 * was faster than a client that named its resourceVersion.
 */
export function update(deps: RegistryDependencies, request: UpdateRequest): Promise<Written> {
  return writeInAttempts(deps, request, (entry) => prepare(deps, request, entry));
}
