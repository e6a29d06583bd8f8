import type { ResourceRow } from '@kcp-ts/meta';
import type { Document } from '../discovery/document.ts';
import { documentOf, lazyJson } from '../discovery/document.ts';
import { documentKey } from './names.ts';
import { definitionsIn } from './open-api-schema.ts';
import { messageField, textField, wireBytes } from './protobuf/wire.ts';
import type { Fragments, Pieces } from './row-fragments.ts';
import { definitionBytes, definitionTextsV2, definitionTextsV3, fragmentsOf } from './row-fragments.ts';
import { sharedDefinitions } from './shared-definitions.ts';

/** The OpenAPI documents of one API surface. Each is made on first use and kept; functions need no `this`. */
export interface OpenApi {
  /** `/openapi/v3`: where each document is, with the hash of its content. */
  v3Index(): Document;
  /** `/openapi/v3/<key>` for `api/v1` or `apis/<group>/<version>`; undefined where the surface has no such version. */
  v3(key: string): Document | undefined;
  /** `/openapi/v2`: all groups in one document. */
  v2Json(): Document;
  /** The same as gnostic's `openapi.v2.Document`, which kubectl asks for. */
  v2Protobuf(): Document;
}

const info = { title: 'Kubernetes', version: 'unversioned' };

const fragments = new WeakMap<ResourceRow, Fragments>();

function cachedFragments(row: ResourceRow): Fragments {
  let found = fragments.get(row);
  if (found === undefined) {
    found = fragmentsOf(row);
    fragments.set(row, found);
  }
  return found;
}

interface KnownDocument {
  readonly rows: readonly ResourceRow[];
  readonly document: Document;
}

/** Documents by the first of their rows: most group versions hold the same rows in every surface. */
const known = new WeakMap<ResourceRow, readonly KnownDocument[]>();
/** As many sets of rows with the same first row are remembered; older ones go. */
const knownMax = 8;

function sameRows(a: readonly ResourceRow[], b: readonly ResourceRow[]): boolean {
  return a.length === b.length && a.every((row, index) => row === b[index]);
}

/** The document of one group version, shared by all surfaces that serve the same rows there. */
function cachedDocumentV3(rows: readonly ResourceRow[]): Document {
  const [first] = rows;
  if (first === undefined) return documentV3(rows);
  const candidates = known.get(first) ?? [];
  const found = candidates.find((candidate) => sameRows(candidate.rows, rows));
  if (found !== undefined) return found.document;
  const document = documentV3(rows);
  known.set(first, [{ rows, document }, ...candidates].slice(0, knownMax));
  return document;
}

/** The shared definitions that these rows need, with those that they need in turn. */
function sharedFor(rows: readonly ResourceRow[]): ReadonlySet<string> {
  const wanted = new Set<string>();
  for (const row of rows)
    for (const name of cachedFragments(row).references()) if (sharedDefinitions.has(name)) wanted.add(name);
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

function sorted<Piece>(pieces: ReadonlyMap<string, Piece>): (readonly [string, Piece])[] {
  return [...pieces].sort(([a], [b]) => (a < b ? -1 : 1));
}

function join<Piece>(
  rows: readonly ResourceRow[],
  piecesOf: (fragments: Fragments) => Pieces<Piece>,
  shared: ReadonlyMap<string, Piece>,
): Joined<Piece> {
  const paths = new Map<string, Piece>();
  const definitions = new Map<string, Piece>();
  for (const name of sharedFor(rows)) {
    const piece = shared.get(name);
    if (piece !== undefined) definitions.set(name, piece);
  }
  for (const row of rows) {
    const pieces = piecesOf(cachedFragments(row));
    for (const [path, piece] of pieces.paths) paths.set(path, piece);
    for (const [name, piece] of pieces.definitions) definitions.set(name, piece);
  }
  return { paths: sorted(paths), definitions: sorted(definitions) };
}

function jsonObject(entries: readonly (readonly [string, string])[]): string {
  return `{${entries.map(([name, text]) => `${JSON.stringify(name)}:${text}`).join(',')}}`;
}

const sharedV3 = definitionTextsV3(sharedDefinitions);
const sharedV2 = definitionTextsV2(sharedDefinitions);
const sharedBytes = definitionBytes(sharedDefinitions);

function documentV3(rows: readonly ResourceRow[]): Document {
  const { paths, definitions } = join(rows, (pieces) => pieces.v3(), sharedV3);
  return documentOf(
    Buffer.from(
      `{"openapi":"3.0.0","info":${JSON.stringify(info)},"paths":${jsonObject(paths)},"components":{"schemas":${jsonObject(definitions)}}}`,
    ),
  );
}

function documentV2(rows: readonly ResourceRow[]): Document {
  const { paths, definitions } = join(rows, (pieces) => pieces.v2(), sharedV2);
  return documentOf(
    Buffer.from(
      `{"swagger":"2.0","info":${JSON.stringify(info)},"paths":${jsonObject(paths)},"definitions":${jsonObject(definitions)}}`,
    ),
  );
}

/** Document: swagger 1, info 2 (title 1, version 2), paths 8, definitions 9. */
function documentV2Bytes(rows: readonly ResourceRow[]): Document {
  const { paths, definitions } = join(rows, (pieces) => pieces.protobuf(), sharedBytes);
  const encoded =
    textField(1, '2.0') +
    messageField(2, textField(1, info.title) + textField(2, info.version)) +
    messageField(8, paths.map(([, path]) => path).join('')) +
    messageField(9, definitions.map(([, definition]) => definition).join(''));
  return documentOf(wireBytes(encoded));
}

function lazy(make: () => Document): () => Document {
  let made: Document | undefined;
  return () => {
    made ??= make();
    return made;
  };
}

/** The OpenAPI documents of a set of resources. */
export function createOpenApi(rows: readonly ResourceRow[]): OpenApi {
  const byKey = new Map<string, ResourceRow[]>();
  for (const row of rows) {
    const key = documentKey(row);
    const members = byKey.get(key);
    if (members === undefined) byKey.set(key, [row]);
    else members.push(row);
  }
  const documents = new Map([...byKey].map(([key, members]) => [key, lazy(() => cachedDocumentV3(members))]));
  return {
    v3Index: lazyJson(() => ({
      paths: Object.fromEntries(
        [...documents]
          .sort(([a], [b]) => (a < b ? -1 : 1))
          .map(([key, document]) => [key, { serverRelativeURL: `/openapi/v3/${key}?hash=${document().etag}` }]),
      ),
    })),
    v3: (key) => documents.get(key)?.(),
    v2Json: lazy(() => documentV2(rows)),
    v2Protobuf: lazy(() => documentV2Bytes(rows)),
  };
}
