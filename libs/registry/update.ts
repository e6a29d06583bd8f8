/**
 * PUT, PATCH and the subresources that write: the one retry loop. In each turn: change → prune → default → mutating admission → behaviour.prepare →
 * schema and rules → behaviour.validate → validating admission → put. A turn is lost when somebody else wrote first; then it begins anew with what
 * they wrote, unless the client named the resourceVersion it wants to replace. The schema is that of the version the client speaks.
 */
import { isDeepStrictEqual } from 'node:util';
import type { Slices } from '@kcp-ts/base';
import type { FieldError, KubeObject, Revision } from '@kcp-ts/meta';
import { invalidValue, StatusError } from '@kcp-ts/meta';
import type { Entry, Operation } from '@kcp-ts/storage';
import { applyDefaults } from './apply-defaults.ts';
import { inAttempts } from './attempts.ts';
import { checkBounds } from './check-bounds.ts';
import { checkFields, checkKind, checkNamespace, ensureMetadata } from './check-fields.ts';
import type { Written } from './create.ts';
import { countsGenerations, hasStatusSubresource, isCheckedAsStored, mayJudge, writeContext } from './create.ts';
import { keepSystemMeta, validateObjectMeta, validateObjectMetaUpdate } from './object-meta.ts';
import type { RegistryNeeds } from './registry-needs.ts';
import type { ServedResource } from './served-resource.ts';
import { convertToServed, currentObject, dryRunObject, metadataObject, storedObject } from './stored-object.ts';
import { untilDurable } from './until-durable.ts';
import { validateInSlices } from './validate-in-slices.ts';
import type { WriteRequest } from './write-request.ts';

export interface ChangeResult {
  readonly object: KubeObject;
  /** Paths of doubled keys in the body. */
  readonly duplicates: readonly string[];
}

export interface UpdateRequest extends WriteRequest {
  readonly name: string;
  /** From the live object in the served version (made anew at each call) to the wanted one. Called once per attempt; must not change what `live` gave before. */
  change(live: () => KubeObject, slices: Slices): ChangeResult | Promise<ChangeResult>;
  /** A PUT of a custom resource must name the resourceVersion it replaces; a patch need not. */
  readonly replaces: boolean;
}

function checkPreconditions(request: UpdateRequest, changed: KubeObject, old: KubeObject): void {
  const { row } = request.served;
  const { name, uid, resourceVersion } = changed.metadata;
  if (name === undefined || name === '') changed.metadata.name = request.name;
  else if (name !== request.name)
    throw StatusError.badRequest(
      `the name of the object (${name}) does not match the name on the URL (${request.name})`,
    );
  if (uid !== undefined && uid !== '' && uid !== old.metadata.uid) {
    throw StatusError.conflict(
      row,
      request.name,
      `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${old.metadata.uid}`,
    );
  }
  if (resourceVersion !== undefined && resourceVersion !== '' && resourceVersion !== '0') {
    if (resourceVersion !== old.metadata.resourceVersion) throw StatusError.conflict(row, request.name);
  } else if (request.replaces && row.dialect === 'custom') {
    throw StatusError.invalid(row, request.name, [
      invalidValue('metadata.resourceVersion', 0, 'must be specified for an update'),
    ]);
  }
}

function setStatus(object: KubeObject, from: KubeObject): void {
  if (from['status'] === undefined) delete object['status'];
  else object['status'] = from['status'];
}

/** What the subresource does not own comes from the live object. */
function restrictToSubresource(request: UpdateRequest, changed: KubeObject, live: () => KubeObject): KubeObject {
  if (request.subresource === 'status') {
    const base = live();
    setStatus(base, changed);
    return base;
  }
  if (request.subresource === '' && hasStatusSubresource(request.served)) {
    setStatus(changed, live());
  }
  return changed;
}

function bumpGeneration(storage: ServedResource, object: KubeObject, old: KubeObject): void {
  if (!countsGenerations(storage)) return;
  const { metadata: _m, status: _s, ...spec } = object;
  const { metadata: _om, status: _os, ...oldSpec } = old;
  if (!isDeepStrictEqual(spec, oldSpec)) object.metadata.generation = (old.metadata.generation ?? 0) + 1;
}

/** From the wanted object in the served version to the one to store. */
async function prepareUpdate(
  needs: RegistryNeeds,
  request: UpdateRequest,
  entry: Entry,
  slices: Slices,
): Promise<{ object: KubeObject; old: KubeObject; optimistic: boolean }> {
  const { served } = request;
  const { row, storage } = served;
  const { behaviour } = storage;
  const old = currentObject(storage, entry.value);
  const live = () => convertToServed(served, currentObject(storage, entry.value));
  await slices.pause();
  const { object: wanted, duplicates } = await request.change(live, slices);
  // What replaces the whole object is a body, and was measured as it was decoded.
  if (!request.replaces) checkBounds(served, wanted, request.name);
  await slices.pause();
  checkKind(served, wanted);
  checkFields(served, wanted, duplicates, request);
  await slices.pause();
  ensureMetadata(wanted);
  checkNamespace(request, wanted);
  const { resourceVersion } = wanted.metadata;
  const optimistic =
    request.replaces && resourceVersion !== undefined && resourceVersion !== '' && resourceVersion !== '0';
  checkPreconditions(request, wanted, old);
  const context = writeContext(needs, request);
  const changed = restrictToSubresource(request, wanted, live);
  await slices.pause();
  keepSystemMeta(changed, old);
  applyDefaults(served, changed);
  request.guard?.admit(changed, old);
  await slices.pause();
  await needs.admission.mutate(changed, old, context);
  await slices.pause();
  const errors: FieldError[] = [...validateObjectMeta(row, changed), ...validateObjectMetaUpdate(changed, old)];
  await slices.pause();
  let object = changed;
  if (served !== storage) {
    errors.push(...(await validateInSlices(served.schema, changed, live(), slices)));
    if (errors.length > 0) throw StatusError.invalid(row, request.name, errors.splice(0));
    object = served.conversion?.toStorage(changed) ?? changed;
    checkBounds(storage, object, request.name);
    // What another version cannot say of the status must not get lost by a write that does not own it.
    if (request.subresource === '' && hasStatusSubresource(storage))
      setStatus(object, currentObject(storage, entry.value));
    storage.schema.prune(object);
    applyDefaults(storage, object);
    await slices.pause();
  }
  behaviour.prepareUpdate?.(object, old, context);
  bumpGeneration(storage, object, old);
  await slices.pause();
  if (isCheckedAsStored(served)) errors.push(...(await validateInSlices(storage.schema, object, old, slices)));
  if (mayJudge(storage, errors)) errors.push(...((await behaviour.validateUpdate?.(object, old, context)) ?? []));
  if (errors.length > 0) throw StatusError.invalid(row, request.name, errors);
  await slices.pause();
  await behaviour.admitUpdate?.(object, old, context);
  // What the server has set or put back may be what a claim selects by.
  request.guard?.admit(object, old);
  await needs.admission.validate(object, old, context);
  await slices.pause();
  return { object, old, optimistic };
}

/** An object whose deletion waited for its last finalizer goes with the update that removes it. */
function isFinalRemoval(storage: ServedResource, object: KubeObject): boolean {
  return (
    object.metadata.deletionTimestamp !== undefined &&
    (object.metadata.finalizers ?? []).length === 0 &&
    storage.behaviour.deletesLater !== true
  );
}

/** One attempt; undefined where somebody else was faster, and it may be tried again. */
async function tryUpdate(
  needs: RegistryNeeds,
  request: UpdateRequest,
  key: string,
  entry: Entry | undefined,
): Promise<Written | undefined> {
  const { row, storage } = request.served;
  if (entry === undefined || request.guard?.shows(metadataObject(storage, entry.value)) === false)
    throw StatusError.notFound(row, request.name);
  const slices = request.slices ?? needs.turns.begin();
  const { object, old, optimistic } = await prepareUpdate(needs, request, entry, slices);
  if (isDeepStrictEqual(object, old)) {
    await untilDurable(needs.store, key, entry.revision);
    return { value: entry.value, created: false };
  }
  await slices.pause();
  if (request.dryRun) return { value: dryRunObject(storage, object), created: false };
  let value: Uint8Array = entry.value;
  const ttl = storage.behaviour.timeToLiveMs;
  const operation: Operation = isFinalRemoval(storage, object)
    ? { op: 'delete', key, expect: entry.revision }
    : {
        op: 'put',
        key,
        expect: entry.revision,
        value: (revision: Revision) => {
          value = storedObject(storage, object, revision, needs.shardNumber);
          return value;
        },
        ...(ttl === undefined ? {} : { expiresAt: needs.clock.now() + ttl }),
      };
  const result = await needs.store.commit([operation]);
  if (result.status === 'committed')
    return { value: operation.op === 'delete' ? dryRunObject(storage, object) : value, created: false };
  if (optimistic) throw StatusError.conflict(row, request.name);
  return undefined;
}

/** Changes one object; NotFound where there is none, Conflict where somebody else was faster than a client that named its resourceVersion. */
export function update(needs: RegistryNeeds, request: UpdateRequest): Promise<Written> {
  return inAttempts(needs, request, (key, entry) => tryUpdate(needs, request, key, entry));
}
