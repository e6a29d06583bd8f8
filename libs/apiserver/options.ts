/** The options that a verb takes from its query (meta/v1 ListOptions, CreateOptions, DeleteOptions …), checked with Kubernetes' texts. */
import type { FieldError, LabelSelector, Revision } from '@kcp-ts/meta';
import {
  forbiddenField,
  invalidValue,
  parseFieldSelector,
  parseLabelSelector,
  parseResourceVersion,
  revisionZero,
  StatusError,
  unsupportedValue,
} from '@kcp-ts/meta';
import type { FieldValidation, Propagation } from '@kcp-ts/registry';
import type { Query } from './query.ts';
import { isTrue } from './query.ts';

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

const listOptionsKind = { group: 'meta.k8s.io', kind: 'ListOptions' };

function count(query: Query, name: string): number | undefined {
  const text = query.get(name);
  if (text === undefined || text === '') return undefined;
  const value = Number(text);
  if (!/^-?[0-9]{1,18}$/.test(text))
    throw StatusError.badRequest(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`);
  return value;
}

function revisionOf(text: string | undefined): Revision | undefined {
  if (text === undefined || text === '') return undefined;
  const parsed = parseResourceVersion(text);
  if (parsed === undefined) {
    const detail = `strconv.ParseUint: parsing ${JSON.stringify(text)}: invalid syntax`;
    throw StatusError.badRequest(
      `invalid resource version: resourceVersion: Invalid value: ${JSON.stringify(text)}: ${detail}`,
    );
  }
  return text === '0' ? revisionZero : parsed.revision;
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
  if (errors.length > 0) throw StatusError.invalid(listOptionsKind, '', errors);
  const seconds = count(query, 'timeoutSeconds');
  const limit = count(query, 'limit');
  const match = query.get('resourceVersionMatch');
  return {
    labels: parseLabelSelector(query.get('labelSelector') ?? ''),
    fields: parseFieldSelector(query.get('fieldSelector') ?? ''),
    limit: limit === undefined || limit <= 0 ? undefined : limit,
    continue: query.get('continue') || undefined,
    revision: revisionOf(query.get('resourceVersion')),
    match: match === 'Exact' || match === 'NotOlderThan' ? match : undefined,
    watch,
    sendInitialEvents: query.has('sendInitialEvents') ? isTrue(query, 'sendInitialEvents') : undefined,
    bookmarks: isTrue(query, 'allowWatchBookmarks'),
    timeoutMs: seconds === undefined || seconds <= 0 ? undefined : seconds * 1000,
  };
}

/** `dryRun=All`, of a create, update, patch or delete. */
export function parseDryRun(values: readonly string[], kind: string): boolean {
  for (const value of values) {
    if (value !== 'All')
      throw StatusError.invalid({ group: 'meta.k8s.io', kind }, '', [unsupportedValue('dryRun', value, ['All'])]);
  }
  return values.length > 0;
}

export function parseFieldValidation(query: Query, kind: string): FieldValidation {
  const text = query.get('fieldValidation') ?? '';
  if (text === '') return 'Warn';
  if (text === 'Strict' || text === 'Warn' || text === 'Ignore') return text;
  throw StatusError.invalid({ group: 'meta.k8s.io', kind }, '', [
    unsupportedValue('fieldValidation', text, ['', 'Ignore', 'Strict', 'Warn']),
  ]);
}

export interface DeleteOptions {
  readonly dryRun: boolean;
  readonly propagation: Propagation | undefined;
  readonly uid: string | undefined;
  readonly resourceVersion: string | undefined;
}

interface DeleteOptionsBody {
  readonly dryRun?: readonly string[];
  readonly propagationPolicy?: string;
  readonly orphanDependents?: boolean;
  readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string };
}

/** From the query and, where a body came, from it; the body wins. */
export function parseDeleteOptions(query: Query, body: DeleteOptionsBody | undefined): DeleteOptions {
  const policy = body?.propagationPolicy ?? query.get('propagationPolicy');
  const kind = { group: 'meta.k8s.io', kind: 'DeleteOptions' };
  if (policy !== undefined && policy !== 'Foreground' && policy !== 'Background' && policy !== 'Orphan') {
    throw StatusError.invalid(kind, '', [
      unsupportedValue('propagationPolicy', policy, ['Foreground', 'Background', 'Orphan', 'nil']),
    ]);
  }
  const orphan =
    body?.orphanDependents ?? (query.has('orphanDependents') ? isTrue(query, 'orphanDependents') : undefined);
  if (policy !== undefined && orphan !== undefined) {
    throw StatusError.invalid(kind, '', [
      invalidValue('propagationPolicy', policy, 'orphanDependents and deletionPropagation cannot be both set'),
    ]);
  }
  const legacy = orphan === undefined ? undefined : orphan ? 'Orphan' : 'Background';
  return {
    dryRun: parseDryRun(body?.dryRun ?? query.all('dryRun'), 'DeleteOptions'),
    propagation: policy ?? legacy,
    uid: body?.preconditions?.uid,
    resourceVersion: body?.preconditions?.resourceVersion,
  };
}
