/** Which objects a list or watch is about: label and field selectors, and what a guard shows. */
import type { KubeObject, ResourceRow } from '@kcp-ts/meta';
import { matchesLabels, StatusError } from '@kcp-ts/meta';
import type { ObjectGuard, ServedResource } from '@kcp-ts/registry';
import { compileJsonPath } from '@kcp-ts/schema';
import type { FieldRequirement, ListOptions } from './options.ts';

export type ObjectFilter = (object: KubeObject) => boolean;

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

/** The one name that a field selector leaves, where it names one. */
export function selectedName(options: ListOptions): string | undefined {
  return options.fields.find(({ path, operator }) => path === 'metadata.name' && operator === '=')?.value;
}
