/** Which objects a list or watch is about: label and field selectors, and what a guard shows. */
import type { KubeObject, ResourceRow } from '@kcp-ts/meta';
import { compileLabelSelector, StatusError } from '@kcp-ts/meta';
import type { ObjectGuard, ServedResource } from '@kcp-ts/registry';
import { compileJsonPath } from '@kcp-ts/schema';
import type { FieldRequirement, ListOptions } from './options/list-options.ts';

export type ObjectPredicate = (object: KubeObject) => boolean;

export interface ObjectFilter {
  readonly matches: ObjectPredicate;
  /** Nothing but names, labels and annotations decides: the rest of an object need not be parsed. */
  readonly metadataOnly: boolean;
}

/** What a watch looks at: an object as it is, and as it was before. */
export interface WatchFilter {
  readonly shows: ObjectFilter;
  readonly showed: ObjectFilter;
}

type FieldReader = (object: KubeObject) => string;

function isMetadataField(path: string): boolean {
  return path === 'metadata.name' || path === 'metadata.namespace';
}

function readerOf(row: ResourceRow, path: string): FieldReader {
  if (path === 'metadata.name') return (object) => object.metadata.name;
  if (path === 'metadata.namespace') return (object) => object.metadata.namespace ?? '';
  if (!row.selectableFields.includes(`.${path}`)) {
    const known =
      row.dialect === 'custom'
        ? 'field label not supported'
        : `${JSON.stringify(path)} is not a known field selector: only "metadata.name", "metadata.namespace"`;
    throw StatusError.badRequest(row.dialect === 'custom' ? `${known}: ${path}` : known);
  }
  const read = compileJsonPath(`.${path}`);
  return (object) => {
    const [value] = read(object);
    return value === undefined || value === null ? '' : String(value);
  };
}

/** All requirements on one field. */
interface FieldTest {
  readonly read: FieldReader;
  readonly wanted: Set<string>;
  readonly denied: Set<string>;
}

/** However many terms a selector has, each field is read once. */
function fieldFilter(row: ResourceRow, requirements: readonly FieldRequirement[]): ObjectPredicate {
  const tests = new Map<string, FieldTest>();
  for (const { path, operator, value } of requirements) {
    const test = tests.get(path) ?? { read: readerOf(row, path), wanted: new Set(), denied: new Set() };
    (operator === '=' ? test.wanted : test.denied).add(value);
    tests.set(path, test);
  }
  const all = [...tests.values()];
  if (all.some(({ wanted }) => wanted.size > 1)) return () => false;
  return (object) =>
    all.every(({ read, wanted, denied }) => {
      const value = read(object);
      return (wanted.size === 0 || wanted.has(value)) && !denied.has(value);
    });
}

/** Undefined where everything is meant: then nothing needs to be parsed. Throws BadRequest for a field that cannot be selected by. */
export function objectFilter(
  served: ServedResource,
  options: ListOptions,
  guard: ObjectGuard | undefined,
): ObjectFilter | undefined {
  const { labels, fields } = options;
  if (labels.length === 0 && fields.length === 0 && guard === undefined) return undefined;
  const matchesFields = fieldFilter(served.row, fields);
  const matchesLabels = compileLabelSelector(labels);
  return {
    matches: (object) =>
      matchesLabels(object.metadata.labels) && matchesFields(object) && (guard === undefined || guard.shows(object)),
    metadataOnly: fields.every(({ path }) => isMetadataField(path)),
  };
}

/** As `objectFilter`, for a watch: what a client was shown once is seen to go, also when it would not be shown any more. */
export function watchFilter(
  served: ServedResource,
  options: ListOptions,
  guard: ObjectGuard | undefined,
): WatchFilter | undefined {
  const shows = objectFilter(served, options, guard);
  if (shows === undefined) return undefined;
  const showed = guard?.showed;
  if (guard === undefined || showed === undefined) return { shows, showed: shows };
  return { shows, showed: objectFilter(served, options, { ...guard, shows: showed }) ?? shows };
}

/** Both: an object is shown where it is in a range, and where the filter, if there is one, shows it. */
export function withinRange(inRange: ObjectPredicate, filter: WatchFilter | undefined): WatchFilter {
  const both = (other: ObjectFilter | undefined): ObjectFilter => ({
    matches: (object) => inRange(object) && other?.matches(object) !== false,
    metadataOnly: other?.metadataOnly !== false,
  });
  return { shows: both(filter?.shows), showed: both(filter?.showed) };
}

/** The one name that a field selector leaves, where it names one. */
export function selectedName(options: ListOptions): string | undefined {
  return options.fields.find(({ path, operator }) => path === 'metadata.name' && operator === '=')?.value;
}
