/**
 * The one path of a write, from a changed object to the one that is stored. Create, update, patch
 * and their subresources differ in how they come to the changed object; from there each goes: field
 * managers → defaults → mutating admission → conversion to the storage version → strategy → schema
 * → validating admission. `create.ts` and `update.ts` commit what comes out.
 */
import { isDeepStrictEqual } from 'node:util';
import type { FieldError, KubeObject } from '@kcp-ts/api';
import { StatusError, writeRulesOf } from '@kcp-ts/api';
import type { Slices } from '@kcp-ts/base';
import { pushAll } from '@kcp-ts/base';
import type { Operation } from '@kcp-ts/storage';
import { attributesOfWrite } from './admission.ts';
import { applyDefaults } from './apply-defaults.ts';
import { checkBounds } from './check-bounds.ts';
import { checkListSizes } from './check-list-sizes.ts';
import { warnOfFinalizers } from './object-meta.ts';
import type { RegistryDependencies } from './registry-dependencies.ts';
import { timestampOf } from './registry-dependencies.ts';
import type { ServedResource, WriteContext } from './served-resource.ts';
import { noStrategy } from './served-resource.ts';
import { validateInSlices } from './validate-in-slices.ts';
import type { WriteRequest } from './write-request.ts';

export function writeContext(deps: RegistryDependencies, request: WriteRequest): WriteContext {
  return {
    served: request.served.storage,
    requested: request.served,
    servedBy: request.servedBy,
    cluster: request.cluster,
    namespace: request.namespace,
    user: request.user,
    timestamp: timestampOf(deps.clock.now()),
    dryRun: request.dryRun,
    subresource: request.subresource,
    slices: request.slices ?? deps.turns.begin(),
    warn: request.warn,
  };
}

export function hasStatusSubresource(served: ServedResource): boolean {
  return served.definition.subresources.some((subresource) => subresource.name === 'status');
}

/** Objects are valid in the version that the client speaks, before they are converted. */
export function isCheckedAsStored({ conversion }: ServedResource): boolean {
  return conversion === undefined || conversion.addsFields === true;
}

/**
 * A strategy's rules are about objects of the right shape: of a kind of ours that its schema
 * refuses they say nothing, as CEL rules do not in kcp.
 */
export function mayJudge({ definition }: ServedResource, errors: readonly FieldError[]): boolean {
  return definition.dialect === 'builtin' || errors.length === 0;
}

/**
 * Strategies prepare objects of the right shape. Decoding has seen to that for built-in kinds; the
 * schema of a kind of ours is asked before its strategy is, since kcp decodes an object before its
 * admission looks at it. Throws StatusError Invalid for values of wrong types.
 */
export async function checkShape(
  { definition, schema, strategy }: ServedResource,
  object: KubeObject,
  old: KubeObject | undefined,
  slices: Slices,
): Promise<void> {
  if (definition.dialect === 'builtin' || strategy === noStrategy) return;
  const errors = await validateInSlices(schema, object, old, slices);
  if (errors.some(({ kind }) => kind === 'TypeInvalid'))
    throw StatusError.invalid(definition, object.metadata.name ?? '', errors);
}

/** Prunes and defaults what admission has changed. */
export function completeAgain(served: ServedResource, object: KubeObject): void {
  served.schema.prune(object);
  applyDefaults(served, object);
}

/** What an update changes; a create has nothing before it. */
export interface PreparedUpdate {
  /** In the storage version. */
  readonly old: KubeObject;
  /** The same in the version that the client speaks, made at each call. */
  live(): KubeObject;
  /** The same in the storage version, made at each call. */
  stored(): KubeObject;
}

export interface ChangedObject {
  /** In the version that the client speaks, stamped with what the server knows of it. */
  readonly object: KubeObject;
  readonly update?: PreparedUpdate | undefined;
  /** What is wrong with its metadata, asked after mutating admission. */
  metaErrors(): FieldError[];
}

/** Takes the status from another object. */
export function setStatus(object: KubeObject, from: KubeObject): void {
  if (from['status'] === undefined) delete object['status'];
  else object['status'] = from['status'];
}

function bumpGeneration(storage: ServedResource, object: KubeObject, old: KubeObject): void {
  if (!writeRulesOf(storage.definition).countsGenerations) return;
  const { metadata: _m, ...spec } = object;
  const { metadata: _om, ...before } = old;
  if (hasStatusSubresource(storage)) {
    delete spec['status'];
    delete before['status'];
  }
  if (!isDeepStrictEqual(spec, before)) object.metadata.generation = (old.metadata.generation ?? 0) + 1;
}

/**
 * Throws StatusError Invalid: objects are valid in the version that the client speaks, before they
 * are converted.
 */
async function toStorage(
  { served, subresource }: WriteRequest,
  { object: changed, update }: ChangedObject,
  errors: FieldError[],
  slices: Slices,
): Promise<KubeObject> {
  const { definition, storage } = served;
  if (served === storage) return changed;
  const name = changed.metadata.name ?? '';
  pushAll(errors, await validateInSlices(served.schema, changed, update?.live(), slices));
  if (errors.length > 0) throw StatusError.invalid(definition, name, errors);
  const object = served.conversion?.toStorage(changed) ?? changed;
  checkBounds(storage, object, name);
  // What another version cannot say of the status must not get lost by a write that does not own
  // it.
  if (update !== undefined && subresource === '' && hasStatusSubresource(storage)) setStatus(object, update.stored());
  storage.schema.prune(object);
  applyDefaults(storage, object);
  if (slices.due) await slices.pause();
  return object;
}

function strategyErrors(
  { strategy }: ServedResource,
  object: KubeObject,
  old: KubeObject | undefined,
  context: WriteContext,
): readonly FieldError[] | Promise<readonly FieldError[]> {
  const errors =
    old === undefined ? strategy.validateCreate?.(object, context) : strategy.validateUpdate?.(object, old, context);
  return errors ?? [];
}

/**
 * From a changed object to the one to store, complete but for its resourceVersion. Throws a
 * StatusError for one that is not valid, or refused.
 */
export async function completeWrite(
  deps: RegistryDependencies,
  request: WriteRequest,
  context: WriteContext,
  changed: ChangedObject,
  slices: Slices,
): Promise<KubeObject> {
  const { served } = request;
  const { definition, storage } = served;
  const { strategy } = storage;
  const old = changed.update?.old;
  const sent = changed.object;
  checkListSizes(definition, sent);
  deps.fieldManager?.manage(sent, old, request);
  applyDefaults(served, sent);
  request.objectFilter?.admit(sent, old);
  if (slices.due) await slices.pause();
  const admitted = deps.admission.admit(attributesOfWrite(context, sent, old), () => completeAgain(served, sent));
  if (admitted !== undefined) await admitted;
  if (slices.due) await slices.pause();
  const errors = changed.metaErrors();
  if (slices.due) await slices.pause();
  const object = await toStorage(request, changed, errors, slices);
  await checkShape(storage, object, old, slices);
  if (old === undefined) strategy.prepareCreate?.(object, context);
  else {
    strategy.prepareUpdate?.(object, old, context);
    bumpGeneration(storage, object, old);
  }
  if (slices.due) await slices.pause();
  if (isCheckedAsStored(served)) pushAll(errors, await validateInSlices(storage.schema, object, old, slices));
  if (mayJudge(storage, errors)) pushAll(errors, await strategyErrors(storage, object, old, context));
  if (errors.length > 0) throw StatusError.invalid(definition, object.metadata.name ?? '', errors);
  warnOfFinalizers(definition, object, old, request);
  if (slices.due) await slices.pause();
  await (old === undefined ? strategy.admitCreate?.(object, context) : strategy.admitUpdate?.(object, old, context));
  const validated = deps.admission.validate(attributesOfWrite(context, object, old));
  if (validated !== undefined) await validated;
  if (definition.dialect === 'builtin') storage.schema.omitEmpty(object);
  return object;
}

/**
 * What depends on other objects, in the turn of the commit; the conditions under which it holds.
 * Throws for a write that an object filter refuses.
 */
export function settle(
  deps: RegistryDependencies,
  request: WriteRequest,
  object: KubeObject,
  old: KubeObject | undefined,
  context: WriteContext,
): readonly Operation[] {
  // What the server has set or put back may be what a claim selects by, and the claim may have been
  // rejected meanwhile.
  request.objectFilter?.admit(object, old);
  return deps.admission.settle(attributesOfWrite(context, object, old));
}
