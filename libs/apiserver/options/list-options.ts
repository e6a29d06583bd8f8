/**
 * The options of reading verbs, which come in the query (meta/v1 ListOptions, GetOptions), checked
 * with Kubernetes' texts.
 */
import type { FieldError, LabelSelector, Revision } from '@kcp-ts/api';
import {
  asRevision,
  forbiddenField,
  parseFieldSelector,
  parseLabelSelector,
  parseResourceVersion,
  revisionZero,
  StatusError,
  unsupportedValue,
} from '@kcp-ts/api';
import type { Query } from '../query.ts';
import { isTrue } from '../query.ts';
import { integerOf, switchOf } from './query-values.ts';
import { invalidOptions } from './write-options.ts';

export interface FieldRequirement {
  readonly path: string;
  readonly operator: '=' | '!=';
  readonly value: string;
}

export interface ListOptions {
  readonly labels: LabelSelector;
  readonly fields: readonly FieldRequirement[];
  readonly limit: number | undefined;
  readonly continue: string | undefined;
  /** Absent: the most recent. 0: any. */
  readonly revision: Revision | undefined;
  readonly match: 'Exact' | 'NotOlderThan' | undefined;
  readonly watch: boolean;
  readonly sendInitialEvents: boolean | undefined;
  readonly bookmarks: boolean;
  readonly timeoutMs: number | undefined;
}

/** Nothing has been committed at it, nor before. */
export const oldestRevision = asRevision(1);

/**
 * The revision that a client names; undefined for none. Numbers that are below every revision (1,
 * 2, 1000) are the oldest one, and never 0. Throws StatusError BadRequest for what is no resource
 * version.
 */
export function revisionOf(text: string | undefined): Revision | undefined {
  if (text === undefined || text === '') return undefined;
  const parsed = parseResourceVersion(text);
  if (parsed === undefined) {
    const detail = `strconv.ParseUint: parsing ${JSON.stringify(text)}: invalid syntax`;
    throw StatusError.badRequest(
      `invalid resource version: resourceVersion: Invalid value: ${JSON.stringify(text)}: ${detail}`,
    );
  }
  if (text === '0') return revisionZero;
  return asRevision(Math.max(parsed.revision, oldestRevision));
}

function listErrors(query: Query, watch: boolean): FieldError[] {
  const version = query.get('resourceVersion') ?? '';
  const match = query.get('resourceVersionMatch') ?? '';
  const initial = query.has('sendInitialEvents');
  const errors: FieldError[] = [];
  if (watch) {
    if (initial && match === '')
      errors.push(
        forbiddenField(
          'resourceVersionMatch',
          'sendInitialEvents requires setting resourceVersionMatch to NotOlderThan',
        ),
      );
    if (match !== '') {
      if (!initial)
        errors.push(
          forbiddenField(
            'resourceVersionMatch',
            'resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided',
          ),
        );
      if (match !== 'NotOlderThan') errors.push(unsupportedValue('resourceVersionMatch', match, ['NotOlderThan']));
      if ((query.get('continue') ?? '') !== '')
        errors.push(forbiddenField('resourceVersionMatch', 'resourceVersionMatch is forbidden with continue'));
    }
    return errors;
  }
  if (initial) errors.push(forbiddenField('sendInitialEvents', 'sendInitialEvents is forbidden for list'));
  if (match === '') return errors;
  if (version === '')
    errors.push(
      forbiddenField('resourceVersionMatch', 'resourceVersionMatch is forbidden unless resourceVersion is provided'),
    );
  if ((query.get('continue') ?? '') !== '')
    errors.push(forbiddenField('resourceVersionMatch', 'resourceVersionMatch is forbidden when continue is provided'));
  if (match !== 'Exact' && match !== 'NotOlderThan')
    errors.push(unsupportedValue('resourceVersionMatch', match, ['Exact', 'NotOlderThan', '']));
  if (match === 'Exact' && version === '0')
    errors.push(
      forbiddenField('resourceVersionMatch', 'resourceVersionMatch "exact" is forbidden for resourceVersion "0"'),
    );
  return errors;
}

/** Throws StatusError BadRequest or Invalid. `watch` is also true for the old `/watch/` paths. */
export function parseListOptions(query: Query, watchPath: boolean): ListOptions {
  const watch = watchPath || isTrue(query, 'watch');
  const errors = listErrors(query, watch);
  if (errors.length > 0) throw invalidOptions('ListOptions', errors);
  const seconds = integerOf(query, 'timeoutSeconds');
  const limit = integerOf(query, 'limit');
  const match = query.get('resourceVersionMatch');
  return {
    labels: parseLabelSelector(query.get('labelSelector') ?? ''),
    fields: parseFieldSelector(query.get('fieldSelector') ?? ''),
    limit: limit === undefined || limit <= 0 ? undefined : limit,
    continue: query.get('continue') || undefined,
    revision: revisionOf(query.get('resourceVersion')),
    match: match === 'Exact' || match === 'NotOlderThan' ? match : undefined,
    watch,
    sendInitialEvents: switchOf(query, 'sendInitialEvents'),
    bookmarks: isTrue(query, 'allowWatchBookmarks'),
    timeoutMs: seconds === undefined || seconds <= 0 ? undefined : seconds * 1000,
  };
}
