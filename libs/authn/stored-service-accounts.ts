/** What a store says of service accounts and their tokens. */
import type { KubeObject } from '@kcp-ts/api';
import type { Store } from '@kcp-ts/storage';
import { formatKey, parseStored } from '@kcp-ts/storage';
import type { ServiceAccount, ServiceAccountTokens, ServiceAccountTokensOptions } from './service-account-tokens.ts';
import { createServiceAccountTokens } from './service-account-tokens.ts';

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

export interface StoredServiceAccountsOptions extends Omit<ServiceAccountTokensOptions, 'validate' | 'holdsToken'> {
  readonly store: Pick<Store, 'get'>;
  /** Whether another shard has an account; absent where there are no other shards. */
  isOnAnotherShard?: ((account: ServiceAccount) => Promise<boolean>) | undefined;
}

/** Tokens that are good for as long as their account, or the Secret that holds them, is stored. */
export function createStoredServiceAccountTokens(options: StoredServiceAccountsOptions): ServiceAccountTokens {
  const { store, isOnAnotherShard } = options;
  return createServiceAccountTokens({
    ...options,
    validate: (account) => findServiceAccount(store, account) || (isOnAnotherShard?.(account) ?? false),
    holdsToken: (account, secret, token) => holdsToken(store, account, secret, token),
  });
}
