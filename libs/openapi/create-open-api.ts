import { createHash } from 'node:crypto';
import type { ResourceDefinition } from '@kcp-ts/api';
import type { Slices } from '@kcp-ts/base';
import type { Document } from '@kcp-ts/discovery';
import { documentNamed, documentOf } from '@kcp-ts/discovery';
import type { Fragments, Pieces } from './definition-fragments.ts';
import { definitionBytes, definitionTextsV2, definitionTextsV3, fragmentsOf } from './definition-fragments.ts';
import { joinBytes, joinTexts } from './join-parts.ts';
import { documentKey } from './names.ts';
import { definitionsIn } from './open-api-schema.ts';
import { encodeFields, messageStart, writeMessage, writeText } from './protobuf/write-fields.ts';
import { sharedDefinitions } from './shared-definitions.ts';
import { sortByName } from './sort-by-name.ts';

/**
 * The OpenAPI documents of one API surface. Each is made on first use and kept, its pieces one
 * after the other with turns for others in between; functions need no `this`.
 */
export interface OpenApi {
  /**
   * `/openapi/v3`: where each document is, with a hash of what it is made of; no document is
   * written for that.
   */
  v3Index(slices: Slices): Promise<Document>;
  /**
   * `/openapi/v3/<key>` for `api/v1` or `apis/<group>/<version>`; undefined where the surface has
   * no such version.
   */
  v3(key: string, slices: Slices): Promise<Document | undefined>;
  /** `/openapi/v2`: all groups in one document. */
  v2Json(slices: Slices): Promise<Document>;
  /** The same as gnostic's `openapi.v2.Document`, which kubectl asks for. */
  v2Protobuf(slices: Slices): Promise<Document>;
}

const info = { title: 'Kubernetes', version: 'unversioned' };

const fragments = new WeakMap<ResourceDefinition, Fragments>();

function cachedFragments(resourceDefinition: ResourceDefinition): Fragments {
  let found = fragments.get(resourceDefinition);
  if (found === undefined) {
    found = fragmentsOf(resourceDefinition);
    fragments.set(resourceDefinition, found);
  }
  return found;
}

interface KnownDocument {
  readonly resourceDefinitions: readonly ResourceDefinition[];
  readonly document: Promise<Document>;
}

/**
 * Documents by the first of their definitions: most group versions hold the same definitions in
 * every surface.
 */
const known = new WeakMap<ResourceDefinition, readonly KnownDocument[]>();
/** As many sets of definitions with the same first definition are remembered; older ones go. */
const knownMax = 8;

function sameDefinitions(a: readonly ResourceDefinition[], b: readonly ResourceDefinition[]): boolean {
  return a.length === b.length && a.every((resourceDefinition, index) => resourceDefinition === b[index]);
}

async function makeV3(resourceDefinitions: readonly ResourceDefinition[], slices: Slices): Promise<Document> {
  await makePieces(resourceDefinitions, (pieces) => pieces.v3(), slices);
  return await documentV3(resourceDefinitions, await etagOf('v3', resourceDefinitions, slices), slices);
}

/**
 * The document of one group version, shared by all surfaces that serve the same definitions there.
 */
function cachedDocumentV3(resourceDefinitions: readonly ResourceDefinition[], slices: Slices): Promise<Document> {
  const [first] = resourceDefinitions;
  if (first === undefined) return makeV3(resourceDefinitions, slices);
  const candidates = known.get(first) ?? [];
  const found = candidates.find((candidate) => sameDefinitions(candidate.resourceDefinitions, resourceDefinitions));
  if (found !== undefined) return found.document;
  const document = makeV3(resourceDefinitions, slices);
  known.set(first, [{ resourceDefinitions, document }, ...candidates].slice(0, knownMax));
  return document;
}

/** The shared OpenAPI definitions that these resources need, with those that they need in turn. */
async function sharedFor(
  resourceDefinitions: readonly ResourceDefinition[],
  slices: Slices,
): Promise<ReadonlySet<string>> {
  const wanted = new Set<string>();
  for (const resourceDefinition of resourceDefinitions) {
    for (const name of cachedFragments(resourceDefinition).references())
      if (sharedDefinitions.has(name)) wanted.add(name);
    if (slices.due) await slices.pause();
  }
  // A set visits what is added while it is walked, so this ends when nothing new is pointed to.
  for (const name of wanted) {
    const schema = sharedDefinitions.get(name);
    if (schema !== undefined) definitionsIn(schema, wanted);
  }
  return wanted;
}

interface Joined<Piece> {
  readonly paths: readonly (readonly [string, Piece])[];
  readonly definitions: readonly (readonly [string, Piece])[];
}

async function join<Piece>(
  resourceDefinitions: readonly ResourceDefinition[],
  piecesOf: (fragments: Fragments) => Pieces<Piece>,
  shared: ReadonlyMap<string, Piece>,
  slices: Slices,
): Promise<Joined<Piece>> {
  const paths = new Map<string, Piece>();
  const definitions = new Map<string, Piece>();
  for (const name of await sharedFor(resourceDefinitions, slices)) {
    const piece = shared.get(name);
    if (piece !== undefined) definitions.set(name, piece);
  }
  for (const resourceDefinition of resourceDefinitions) {
    const pieces = piecesOf(cachedFragments(resourceDefinition));
    for (const [path, piece] of pieces.paths) paths.set(path, piece);
    for (const [name, piece] of pieces.definitions) definitions.set(name, piece);
    if (slices.due) await slices.pause();
  }
  return { paths: await sortByName(paths, slices), definitions: await sortByName(definitions, slices) };
}

function* jsonObject(entries: readonly (readonly [string, string])[]): Generator<string> {
  let separator = '{';
  for (const [name, text] of entries) {
    yield `${separator}${JSON.stringify(name)}:`;
    yield text;
    separator = ',';
  }
  yield entries.length === 0 ? '{}' : '}';
}

function* messages(field: number, entries: readonly (readonly [string, Uint8Array])[]): Generator<Uint8Array> {
  yield messageStart(
    field,
    entries.reduce((bytes, [, entry]) => bytes + entry.length, 0),
  );
  for (const [, entry] of entries) yield entry;
}

const sharedV3 = definitionTextsV3(sharedDefinitions);
const sharedV2 = definitionTextsV2(sharedDefinitions);
const sharedBytes = definitionBytes(sharedDefinitions);

/** Changes when the same definitions are written in another way. */
const writtenAs = 1;

/** SHA-512 in upper-case hex over the definitions' hashes. */
async function etagOf(
  form: string,
  resourceDefinitions: readonly ResourceDefinition[],
  slices: Slices,
): Promise<string> {
  const hash = createHash('sha512').update(`${form} ${writtenAs}`);
  for (const resourceDefinition of resourceDefinitions) {
    hash.update(cachedFragments(resourceDefinition).hash());
    const pause = slices.pause();
    if (pause !== undefined) await pause;
  }
  return hash.digest('hex').toUpperCase();
}

/** Makes what each definition brings, before all of it is joined. */
async function makePieces(
  resourceDefinitions: readonly ResourceDefinition[],
  make: (fragments: Fragments) => unknown,
  slices: Slices,
): Promise<void> {
  for (const resourceDefinition of resourceDefinitions) {
    const pieces = cachedFragments(resourceDefinition);
    pieces.references();
    if (slices.due) await slices.pause();
    make(pieces);
    if (slices.due) await slices.pause();
  }
}

async function documentV3(
  resourceDefinitions: readonly ResourceDefinition[],
  etag: string,
  slices: Slices,
): Promise<Document> {
  const { paths, definitions } = await join(resourceDefinitions, (pieces) => pieces.v3(), sharedV3, slices);
  function* parts(): Generator<string> {
    yield `{"openapi":"3.0.0","info":${JSON.stringify(info)},"paths":`;
    yield* jsonObject(paths);
    yield ',"components":{"schemas":';
    yield* jsonObject(definitions);
    yield '}}';
  }
  return documentNamed(await joinTexts(parts(), slices), etag);
}

async function documentV2(
  resourceDefinitions: readonly ResourceDefinition[],
  etag: string,
  slices: Slices,
): Promise<Document> {
  const { paths, definitions } = await join(resourceDefinitions, (pieces) => pieces.v2(), sharedV2, slices);
  function* parts(): Generator<string> {
    yield `{"swagger":"2.0","info":${JSON.stringify(info)},"paths":`;
    yield* jsonObject(paths);
    yield ',"definitions":';
    yield* jsonObject(definitions);
    yield '}';
  }
  return documentNamed(await joinTexts(parts(), slices), etag);
}

/** Document: swagger 1, info 2 (title 1, version 2), paths 8, definitions 9. */
async function documentV2Bytes(
  resourceDefinitions: readonly ResourceDefinition[],
  etag: string,
  slices: Slices,
): Promise<Document> {
  const { paths, definitions } = await join(resourceDefinitions, (pieces) => pieces.protobuf(), sharedBytes, slices);
  function* parts(): Generator<Uint8Array> {
    yield encodeFields((writer) => {
      writeText(writer, 1, '2.0');
      writeMessage(writer, 2, () => {
        writeText(writer, 1, info.title);
        writeText(writer, 2, info.version);
      });
    });
    yield* messages(8, paths);
    yield* messages(9, definitions);
  }
  return documentNamed(await joinBytes(parts(), slices), etag);
}

function once<Value>(make: (slices: Slices) => Promise<Value>): (slices: Slices) => Promise<Value> {
  let made: Promise<Value> | undefined;
  return (slices) => {
    made ??= make(slices);
    return made;
  };
}

/** The OpenAPI documents of a set of resources. */
export function createOpenApi(resourceDefinitions: readonly ResourceDefinition[]): OpenApi {
  const byKey = new Map<string, ResourceDefinition[]>();
  for (const resourceDefinition of resourceDefinitions) {
    const key = documentKey(resourceDefinition);
    const members = byKey.get(key);
    if (members === undefined) byKey.set(key, [resourceDefinition]);
    else members.push(resourceDefinition);
  }
  return {
    v3Index: once(async (slices) => {
      const paths: Record<string, { readonly serverRelativeURL: string }> = {};
      for (const [key, members] of [...byKey].sort(([a], [b]) => (a < b ? -1 : 1)))
        paths[key] = { serverRelativeURL: `/openapi/v3/${key}?hash=${await etagOf('v3', members, slices)}` };
      return documentOf(Buffer.from(JSON.stringify({ paths })));
    }),
    async v3(key, slices) {
      const members = byKey.get(key);
      return members === undefined ? undefined : await cachedDocumentV3(members, slices);
    },
    v2Json: once(async (slices) => {
      await makePieces(resourceDefinitions, (pieces) => pieces.v2(), slices);
      return await documentV2(resourceDefinitions, await etagOf('v2', resourceDefinitions, slices), slices);
    }),
    v2Protobuf: once(async (slices) => {
      await makePieces(resourceDefinitions, (pieces) => pieces.protobuf(), slices);
      return await documentV2Bytes(
        resourceDefinitions,
        await etagOf('v2 protobuf', resourceDefinitions, slices),
        slices,
      );
    }),
  };
}
