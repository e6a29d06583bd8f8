/** Which objects a list or watch is about: label and field selectors, and what a guard shows. */
import type { KubeObject, ResourceRow } from '@kcp-ts/meta';
import { matchesLabels, StatusError } from '@kcp-ts/meta';
import type { ObjectGuard, ServedResource } from '@kcp-ts/registry';
import { compileJsonPath } from '@kcp-ts/schema';
import type { FieldRequirement, ListOptions } from './options.ts';

export type ObjectFilter = (object: KubeObject) => boolean;

/** What a watch looks at: an object as it is, and as it was before. */
export interface WatchFilter {
  readonly shows: ObjectFilter;
  readonly showed: ObjectFilter;
}

type FieldReader = (object: KubeObject) => string;

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

function fieldFilter(row: ResourceRow, requirement: FieldRequirement): ObjectFilter {
  const read = readerOf(row, requirement.path);
  return requirement.operator === '='
    ? (object) => read(object) === requirement.value
    : (object) => read(object) !== requirement.value;
}

/** Undefined where everything is meant: then nothing needs to be parsed. Throws BadRequest for a field that cannot be selected by. */
export function objectFilter(
  served: ServedResource,
  options: ListOptions,
  guard: ObjectGuard | undefined,
): ObjectFilter | undefined {
  const fields = options.fields.map((requirement) => fieldFilter(served.row, requirement));
  if (options.labels.length === 0 && fields.length === 0 && guard === undefined) return undefined;
  return (object) =>
    matchesLabels(options.labels, object.metadata.labels) &&
    fields.every((matches) => matches(object)) &&
    (guard === undefined || guard.shows(object));
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

/** The one name that a field selector leaves, where it names one. */
export function selectedName(options: ListOptions): string | undefined {
  return options.fields.find(({ path, operator }) => path === 'metadata.name' && operator === '=')?.value;
}
