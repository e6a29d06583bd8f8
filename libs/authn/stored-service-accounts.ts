/** What a store says of service accounts and their tokens. */
import type { KubeObject } from '@kcp-ts/api';
import type { Store } from '@kcp-ts/storage';
import { formatKey, parseStored } from '@kcp-ts/storage';
import type { ServiceAccount } from './service-account-tokens.ts';

/** Whether an account is there, and not another one of its name. */
export function findServiceAccount(
  store: Pick<Store, 'get'>,
  { cluster, namespace, name, uid }: ServiceAccount,
): boolean {
  const parts = { group: '', resource: 'serviceaccounts', identity: '-', cluster, namespace, name } as const;
  const entry = store.get(formatKey(parts));
  return entry !== undefined && parseStored<KubeObject>(entry.value).metadata.uid === uid;
}

/** Whether a Secret of the account's namespace still holds a token of an account. */
export function holdsToken(
  store: Pick<Store, 'get'>,
  { cluster, namespace }: ServiceAccount,
  name: string,
  token: string,
): boolean {
  const parts = { group: '', resource: 'secrets', identity: '-', cluster, namespace, name } as const;
  const entry = name === '' ? undefined : store.get(formatKey(parts));
  if (entry === undefined) return false;
  const { data } = parseStored<KubeObject & { readonly data?: Readonly<Record<string, string>> }>(entry.value);
  return data?.['token'] === Buffer.from(token).toString('base64');
}
