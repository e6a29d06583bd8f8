/** What authorization is asked about a request, where that differs from what the path names: the rules of Kubernetes' RequestInfoFactory. */
import type { Verb } from '@kcp-ts/api';
import { parseFieldSelector } from '@kcp-ts/api';
import type { Query } from './query.ts';
import type { ApiPath } from './request-path.ts';

/** Kubernetes' `path.IsValidPathSegmentName`. */
function isPathSegment(name: string): boolean {
  return name !== '.' && name !== '..' && !name.includes('/') && !name.includes('%');
}

/** The one name that a field selector leaves over; '' where it leaves several, or is no selector, which the handler will say. */
function selectedName(selector: string): string {
  try {
    const exact = parseFieldSelector(selector).find(
      ({ path, operator }) => path === 'metadata.name' && operator === '=',
    );
    return exact !== undefined && isPathSegment(exact.value) ? exact.value : '';
  } catch {
    return '';
  }
}

/**
 * The path as it is judged: a namespace is an object in itself, so that its owner's Role counts for it, and a list or watch of one name is about that name.
 * The old `/watch/` paths do not look at selectors, nor does `deletecollection`.
 */
export function attributesOf(api: ApiPath, verb: Verb, query: Query): ApiPath {
  if (api.name !== '')
    return api.resource === 'namespaces' && api.namespace === '' ? { ...api, namespace: api.name } : api;
  if ((verb !== 'list' && verb !== 'watch') || api.watch) return api;
  const selector = query.get('fieldSelector');
  if (selector === undefined || selector === '') return api;
  return { ...api, name: selectedName(selector) };
}
