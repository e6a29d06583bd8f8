/** Pieces that several of kcp's kinds are made of. */
import type { JsonSchema } from '@kcp-ts/api';
import type { Fields } from '@kcp-ts/schema/builder';
import { list, object, text, timestamp } from '@kcp-ts/schema/builder';
import { labelSelectorFields } from '../../common/label-selector-fields.ts';

const label = '[a-z0-9]([-a-z0-9]*[a-z0-9])?';

/** A workspace path: names joined by colons. */
export const pathPattern = `^${label}(:${label})*$`;
/**
 * An initializer or terminator: a path of at least two names, or a name of the system's. The two
 * halves are anchored at one end each.
 */
export const lifecyclePattern = `^(${label}(:${label})*(:[a-z0-9]${label}))|(system:.+)$`;
/** An API group, or nothing for the core group. */
export const groupPattern = `^(|[a-z0-9]([-a-z0-9]*[a-z0-9](\\.${label})*)?)$`;
export const resourcePattern = '^[a-z][-a-z0-9]*[a-z0-9]$';
/**
 * The name of a workspace type. It has no anchor at its end, so that longer names fail later, as
 * not found.
 */
export const typeNamePattern = '^[a-z]([a-z0-9-]{0,61}[a-z0-9])?';
export const workspaceNamePattern = '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$';
export const versionPattern = '^v[1-9][0-9]*([a-z]+[1-9][0-9]*)?$';

/** `status.conditions`. */
export const conditions: JsonSchema = list(
  'What is known of the object.',
  object(
    'One thing that is known of the object.',
    {
      lastTransitionTime: timestamp('When the status last changed.'),
      message: text('Explanation for people.'),
      reason: text('Explanation for programs, one word in CamelCase.'),
      severity: text('How bad it is where the status is False: Error, Warning or Info.'),
      status: text('True, False or Unknown.'),
      type: text('What is stated, in CamelCase.'),
    },
    ['lastTransitionTime', 'status', 'type'],
  ),
);

/** Selects objects by their labels; `more` are fields beside the two usual ones. */
export function labelSelector(description: string, more: Fields = {}): JsonSchema {
  return object(description, { ...more, ...labelSelectorFields }, undefined, { 'x-kubernetes-map-type': 'atomic' });
}

/** Initializers or terminators of a workspace. */
export function lifecycleNames(description: string): JsonSchema {
  return list(description, { type: 'string', pattern: lifecyclePattern });
}

/** An APIExport in this workspace or in another one. */
export const exportReferenceFields: Fields = {
  name: text('Name of the APIExport.'),
  path: text('Path of its workspace; this workspace when empty.', { pattern: pathPattern }),
};

/** Of workspaces and logical clusters, in the order in which they come. */
export const phases: readonly string[] = [
  'Scheduling',
  'Initializing',
  'Ready',
  'Unavailable',
  'Inactive',
  'Terminating',
  'Deleting',
];
