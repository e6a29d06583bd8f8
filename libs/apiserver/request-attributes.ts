/**
 * What authorization is asked about a request, where that differs from what the path names: the
 * rules of Kubernetes' RequestInfoFactory.
 */
import type { RequestInfo } from '@kcp-ts/api';
import { parseFieldSelector } from '@kcp-ts/api';
import type { Query } from './query.ts';

/** Kubernetes' `path.IsValidPathSegmentName`. */
function isPathSegment(name: string): boolean {
  return name !== '.' && name !== '..' && !name.includes('/') && !name.includes('%');
}

/**
 * The one name that a field selector leaves over; '' where it leaves several, or is no selector,
 * which the handler will say.
 */
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
 * The path as it is judged: a namespace is an object in itself, so that its owner's Role counts for
 * it, and a list or watch of one name is about that name. The old `/watch/` paths do not look at
 * selectors, nor does `deletecollection`.
 */
export function attributesOf(info: RequestInfo, query: Query): RequestInfo {
  if (info.kind !== 'resource') return info;
  if (info.name !== '')
    return info.resource === 'namespaces' && info.namespace === '' ? { ...info, namespace: info.name } : info;
  if ((info.verb !== 'list' && info.verb !== 'watch') || info.watch) return info;
  const selector = query.get('fieldSelector');
  if (selector === undefined || selector === '') return info;
  return { ...info, name: selectedName(selector) };
}
