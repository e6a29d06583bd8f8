/**
 * Which objects a list or watch is about: label and field selectors, and what an object filter
 * shows.
 */
import type { KubeObject, ResourceDefinition, Revision } from '@kcp-ts/api';
import { compileLabelSelector, StatusError } from '@kcp-ts/api';
import type { ObjectFilter, ServedResource } from '@kcp-ts/registry';
import { compileJsonPath } from '@kcp-ts/schema';
import type { FieldRequirement, ListOptions } from './options/list-options.ts';

export type ObjectPredicate = (object: KubeObject) => boolean;

export interface SelectorFilter {
  readonly matches: ObjectPredicate;
  /**
   * Nothing but names, labels and annotations decides: the rest of an object need not be parsed.
   */
  readonly metadataOnly: boolean;
}

type FieldReader = (object: KubeObject) => string;

function isMetadataField(path: string): boolean {
  return path === 'metadata.name' || path === 'metadata.namespace';
}

function readerOf(definition: ResourceDefinition, path: string): FieldReader {
  if (path === 'metadata.name') return (object) => object.metadata.name;
  if (path === 'metadata.namespace') return (object) => object.metadata.namespace ?? '';
  if (!definition.selectableFields.includes(`.${path}`)) {
    const known =
      definition.dialect === 'custom'
        ? 'field label not supported'
        : `${JSON.stringify(path)} is not a known field selector: only "metadata.name", "metadata.namespace"`;
    throw StatusError.badRequest(definition.dialect === 'custom' ? `${known}: ${path}` : known);
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
function fieldFilter(definition: ResourceDefinition, requirements: readonly FieldRequirement[]): ObjectPredicate {
  const tests = new Map<string, FieldTest>();
  for (const { path, operator, value } of requirements) {
    const test = tests.get(path) ?? { read: readerOf(definition, path), wanted: new Set(), denied: new Set() };
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

/**
 * Undefined where everything is meant: then nothing needs to be parsed. Throws BadRequest for a
 * field that cannot be selected by.
 */
export function selectorFilter(
  served: ServedResource,
  options: ListOptions,
  objectFilter: ObjectFilter | undefined,
): SelectorFilter | undefined {
  const { labels, fields } = options;
  if (labels.length === 0 && fields.length === 0 && objectFilter === undefined) return undefined;
  const matchesFields = fieldFilter(served.definition, fields);
  const matchesLabels = compileLabelSelector(labels);
  return {
    matches: (object) =>
      matchesLabels(object.metadata.labels) &&
      matchesFields(object) &&
      (objectFilter === undefined || objectFilter.isVisible(object)),
    metadataOnly: fields.every(({ path }) => isMetadataField(path)),
  };
}

/**
 * As `objectFilter`, for the states of objects that a watch tells of. `listedAt`: the revision that
 * it begins with, once that is known.
 */
export function watchFilter(
  served: ServedResource,
  options: ListOptions,
  objectFilter: ObjectFilter | undefined,
  listedAt: () => Revision | undefined,
): SelectorFilter | undefined {
  const { wasVisible } = objectFilter ?? {};
  if (objectFilter === undefined || wasVisible === undefined) return selectorFilter(served, options, objectFilter);
  return selectorFilter(served, options, { ...objectFilter, isVisible: (object) => wasVisible(object, listedAt()) });
}

/**
 * Both: an object is shown where it is in a range, and where the filter, if there is one, shows it.
 */
export function withinRange(inRange: ObjectPredicate, filter: SelectorFilter | undefined): SelectorFilter {
  return {
    matches: (object) => inRange(object) && filter?.matches(object) !== false,
    metadataOnly: filter?.metadataOnly !== false,
  };
}

/** The one name that a field selector leaves, where it names one. */
export function selectedName(options: ListOptions): string | undefined {
  return options.fields.find(({ path, operator }) => path === 'metadata.name' && operator === '=')?.value;
}
