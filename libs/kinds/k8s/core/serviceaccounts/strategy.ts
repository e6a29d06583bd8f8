/**
 * ServiceAccounts: a Secret that one may use is of its own namespace, so its name says all there is
 * to say.
 */
import type { KubeObject } from '@kcp-ts/api';
import type { Strategy } from '@kcp-ts/registry';

interface ServiceAccount extends KubeObject {
  secrets?: readonly { readonly name?: string }[];
}

function nameOnly(object: KubeObject): void {
  const account = object as ServiceAccount;
  if (account.secrets === undefined) return;
  account.secrets = account.secrets.map(({ name }) => (name === undefined ? {} : { name }));
}

export function createServiceAccountsStrategy(): Strategy {
  return { prepareCreate: nameOnly, prepareUpdate: nameOnly };
}
