/**
 * JSON patch, RFC 6902. The object is copied along the paths that change; the rest is shared with
 * the result.
 */

import type { StatusError } from '@kcp-ts/api';
import { Budget } from '@kcp-ts/api';
import type { Slices } from '@kcp-ts/base';
import { copyJson, hasKey, isJsonObject, jsonEqual, jsonKind, setMember } from '@kcp-ts/schema';
import { parseIndex, parsePointer } from './json-pointer.ts';
import { badPatch, patchTooLarge, unprocessable } from './patch-errors.ts';

const operationsMax = 10_000;
/** Bytes of JSON that all copy operations of one patch may add. */
const copiedMax = 3 * 1024 * 1024;

/** What all operations of one patch may look at and move. */
const stepsMax = 1_000_000;
/** So many items of a list move for one step when an item before them comes or goes. */
const movedPerStep = 20;
/** What is copied may nest as deep as a body may. */
const copiedDepthMax = 500;

function tooExpensive(): StatusError {
  return patchTooLarge('the operations of the patch move and compare too much; send fewer of them, or the whole list');
}

type Container = Record<string, unknown> | unknown[];

interface Draft {
  root: unknown;
  /** What was made here and may be changed in place. */
  readonly owned: Set<object>;
  copied: number;
  readonly budget: Budget;
}

function owned(draft: Draft, value: unknown): Container {
  if (typeof value !== 'object' || value === null)
    throw unprocessable('the path goes through a value that has no members');
  if (draft.owned.has(value)) return value as Container;
  let copy: Container;
  if (Array.isArray(value)) {
    draft.budget.spend(Math.ceil(value.length / movedPerStep));
    copy = [...value];
  } else {
    copy = {};
    for (const [key, member] of Object.entries(value)) {
      draft.budget.spend(1);
      setMember(copy, key, member);
    }
  }
  draft.owned.add(copy);
  return copy;
}

function child(container: unknown, segment: string): unknown {
  if (Array.isArray(container)) return container[parseIndex(segment, container.length, false)];
  if (isJsonObject(container) && hasKey(container, segment)) return container[segment];
  throw unprocessable(`there is nothing at ${JSON.stringify(segment)}`);
}

function read(root: unknown, path: readonly string[]): unknown {
  return path.reduce(child, root);
}

/**
 * What a copy finds: null for a member that an object does not have, as in the library that
 * Kubernetes uses.
 */
function copied(root: unknown, path: readonly string[]): unknown {
  const last = path.at(-1);
  if (last === undefined) return root;
  const container = read(root, path.slice(0, -1));
  return isJsonObject(container) && !hasKey(container, last) ? null : child(container, last);
}

/** The container of the last segment, made writable with all above it. */
function parentOf(draft: Draft, path: readonly string[]): Container {
  let container = owned(draft, draft.root);
  draft.root = container;
  for (const segment of path.slice(0, -1)) {
    const next = owned(draft, child(container, segment));
    if (Array.isArray(container)) container[Number(segment)] = next;
    else setMember(container, segment, next);
    container = next;
  }
  return container;
}

/** A list moves what stands behind an item that comes or goes. */
function spendShift({ budget }: Draft, items: number): void {
  budget.spend(1 + Math.ceil(items / movedPerStep));
}

function add(draft: Draft, path: readonly string[], value: unknown): void {
  const last = path.at(-1);
  if (last === undefined) {
    draft.root = value;
    return;
  }
  const container = parentOf(draft, path);
  if (Array.isArray(container)) {
    const at = parseIndex(last, container.length, true);
    spendShift(draft, container.length - at);
    container.splice(at, 0, value);
  } else setMember(container, last, value);
}

function remove(draft: Draft, path: readonly string[]): unknown {
  const last = path.at(-1);
  if (last === undefined) throw unprocessable('the whole object cannot be removed');
  const container = parentOf(draft, path);
  const value = child(container, last);
  if (Array.isArray(container)) {
    spendShift(draft, container.length - Number(last));
    container.splice(Number(last), 1);
  } else delete container[last];
  return value;
}

function replace(draft: Draft, path: readonly string[], value: unknown): void {
  const last = path.at(-1);
  if (last === undefined) {
    draft.root = value;
    return;
  }
  const container = parentOf(draft, path);
  // Of an object, what is not there is replaced too: the library that Kubernetes uses does not
  // look.
  if (Array.isArray(container)) container[parseIndex(last, container.length, false)] = value;
  else setMember(container, last, value);
}

function test(draft: Draft, path: readonly string[], wanted: unknown): void {
  let found: unknown = draft.root;
  for (const [depth, segment] of path.entries()) {
    // A member that is missing is as good as null, as in Kubernetes.
    if (wanted === null && depth === path.length - 1 && isJsonObject(found) && !hasKey(found, segment)) return;
    found = child(found, segment);
  }
  if (isJsonObject(found)) draft.budget.spend(Object.keys(found).length);
  if (!jsonEqual(found, wanted, draft.budget)) throw unprocessable(`testing value /${path.join('/')} failed`);
}

/**
 * What a container that is copied costs, and what its JSON adds to the copied bytes beside its
 * members.
 */
const containerSteps = 8;
const containerBytes = 2;

function addCopied(draft: Draft, bytes: number): void {
  draft.copied += bytes;
  if (draft.copied > copiedMax) throw patchTooLarge(`copy operations may add at most ${copiedMax} bytes`);
}

function copyValue(draft: Draft, value: unknown, depth: number): unknown {
  if (typeof value !== 'object' || value === null) {
    addCopied(draft, typeof value === 'string' ? value.length + 3 : 2);
    return value;
  }
  if (depth > copiedDepthMax) throw unprocessable('what is copied is nested too deep');
  draft.budget.spend(containerSteps);
  addCopied(draft, containerBytes);
  if (Array.isArray(value)) return value.map((item) => copyValue(draft, item, depth + 1));
  const copy: Record<string, unknown> = {};
  for (const [key, member] of Object.entries(value)) {
    addCopied(draft, key.length + 3);
    setMember(copy, key, copyValue(draft, member, depth + 1));
  }
  return copy;
}

function pointerOf(operation: Record<string, unknown>, member: 'path' | 'from'): string[] {
  const pointer = operation[member];
  if (typeof pointer !== 'string') throw unprocessable(`the operation has no ${member}`);
  return parsePointer(pointer);
}

function valueIn(operation: Record<string, unknown>): unknown {
  if (!hasKey(operation, 'value')) throw unprocessable('the operation has no value');
  return copyJson(operation['value']);
}

function move(draft: Draft, from: readonly string[], path: readonly string[]): void {
  if (path.length > from.length && from.every((segment, index) => path[index] === segment)) {
    throw unprocessable('a value cannot be moved into itself');
  }
  add(draft, path, remove(draft, from));
}

function applyOperation(draft: Draft, operation: Record<string, unknown>): void {
  const path = pointerOf(operation, 'path');
  switch (operation['op']) {
    case 'add':
      add(draft, path, valueIn(operation));
      return;
    case 'remove':
      remove(draft, path);
      return;
    case 'replace':
      replace(draft, path, valueIn(operation));
      return;
    case 'move':
      move(draft, pointerOf(operation, 'from'), path);
      return;
    case 'copy':
      add(draft, path, copyValue(draft, copied(draft.root, pointerOf(operation, 'from')), 0));
      return;
    case 'test':
      test(draft, path, hasKey(operation, 'value') ? operation['value'] : null);
      return;
    default:
      throw unprocessable(`unexpected kind: ${String(operation['op'])}`);
  }
}

/**
 * The object with the patch applied; neither argument is changed. Throws a StatusError: BadRequest
 * for a body that is no patch, Invalid (422) for one that does not fit the object,
 * RequestEntityTooLarge beyond 10,000 operations.
 */
export function applyJsonPatch(object: unknown, patch: unknown): unknown {
  const operations = applyEach(object, patch);
  for (;;) {
    const { done, value } = operations.next();
    if (done === true) return value;
  }
}

/** As `applyJsonPatch`; other requests get their turns between the operations. */
export async function applyJsonPatchInSlices(object: unknown, patch: unknown, slices: Slices): Promise<unknown> {
  const operations = applyEach(object, patch);
  for (;;) {
    const { done, value } = operations.next();
    if (done === true) return value;
    const pause = slices.pause();
    if (pause !== undefined) await pause;
  }
}

/** Yields after each operation. */
function* applyEach(object: unknown, patch: unknown): Generator<undefined, unknown> {
  if (!Array.isArray(patch)) {
    throw badPatch(
      `error decoding patch: json: cannot unmarshal ${jsonKind(patch)} into Go value of type []handlers.jsonPatchOp`,
    );
  }
  if (patch.length > operationsMax) {
    throw patchTooLarge(`The allowed maximum operations in a JSON patch is ${operationsMax}, got ${patch.length}`);
  }
  const draft: Draft = { root: object, owned: new Set(), copied: 0, budget: new Budget(stepsMax, tooExpensive) };
  for (const operation of patch) {
    if (!isJsonObject(operation)) {
      throw badPatch(
        `error decoding patch: json: cannot unmarshal ${jsonKind(operation)} into Go value of type handlers.jsonPatchOp`,
      );
    }
    applyOperation(draft, operation);
    yield;
  }
  return draft.root;
}
