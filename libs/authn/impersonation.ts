/**
 * Acting as somebody else: what `Impersonate-*` headers ask for. Who may, and who one then is, is
 * for `libs/authz` to say.
 */

import { StatusError } from '@kcp-ts/api';
import type { Exchange } from '@kcp-ts/http';

export interface Impersonation {
  readonly user: string;
  readonly uid: string | undefined;
  readonly groups: readonly string[];
  readonly extra: Readonly<Record<string, readonly string[]>>;
}

const extraPrefix = 'impersonate-extra-';

/**
 * An extra's key may hold percent-encoded characters; a key that cannot be decoded is taken as it
 * is.
 */
function extraKey(header: string): string {
  const escaped = header.slice(extraPrefix.length);
  try {
    return decodeURIComponent(escaped);
  } catch {
    return escaped;
  }
}

interface Asked {
  user: string;
  uid: string | undefined;
  readonly groups: string[];
  readonly extra: Map<string, string[]>;
}

function collect(rawHeaders: readonly string[]): Asked {
  const asked: Asked = { user: '', uid: undefined, groups: [], extra: new Map() };
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index]?.toLowerCase() ?? '';
    const value = rawHeaders[index + 1] ?? '';
    if (!name.startsWith('impersonate-')) continue;
    if (name === 'impersonate-user') {
      if (asked.user === '') asked.user = value;
    } else if (name === 'impersonate-uid') asked.uid ??= value;
    else if (name === 'impersonate-group') asked.groups.push(value);
    else if (name.startsWith(extraPrefix)) {
      const key = extraKey(name);
      asked.extra.set(key, [...(asked.extra.get(key) ?? []), value]);
    }
  }
  return asked;
}

/** Go's `%v` of the object references that the impersonation filter would check. */
function describe({ groups, uid, extra }: Asked): string {
  const references = groups.map((group) => `{Group  ${group}    }`);
  for (const [key, values] of extra) {
    for (const value of values) references.push(`{UserExtra  ${value}  authentication.k8s.io/v1  ${key}}`);
  }
  if (uid !== undefined && uid !== '') references.push(`{UID  ${uid}  authentication.k8s.io/v1  }`);
  return `[${references.join(' ')}]`;
}

/**
 * What the headers ask for; undefined without any. Reads the raw headers, since a group may hold a
 * comma. Throws BadRequest when groups, a uid or extras come without a user.
 */
export function impersonationOf({ rawHeaders }: Pick<Exchange, 'rawHeaders'>): Impersonation | undefined {
  const asked = collect(rawHeaders);
  const { user, groups, extra } = asked;
  const uid = asked.uid === '' ? undefined : asked.uid;
  if (user === '') {
    if (groups.length === 0 && extra.size === 0 && uid === undefined) return undefined;
    throw StatusError.badRequest(`requested ${describe(asked)} without impersonating a user`);
  }
  return { user, uid, groups, extra: Object.fromEntries(extra) };
}
