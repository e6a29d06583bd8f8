/**
 * Fills Secrets of type kubernetes.io/service-account-token with the token of the account that they
 * name, and removes those whose account is not, or no longer, there.
 * (k8s.io/kubernetes/pkg/controller/serviceaccount/tokens_controller.go)
 */

import type { KubeObject, LogicalClusterName } from '@kcp-ts/api';
import type { Controller } from '@kcp-ts/controller-runtime';
import { commit, nothing, nothingUnlessConflict } from '@kcp-ts/controller-runtime';
import type { Decision, Entry, Operation, Reads } from '@kcp-ts/storage';
import { eachBatch, flagDeleting, formatKey, hasText, parseKey, parseStored, storedFlags } from '@kcp-ts/storage';
import { removeOperation } from './delete-instances.ts';
import { secretsPrefix, serviceAccountsPrefix } from './key-prefixes.ts';
import type { ControllerDependencies } from './writer.ts';
import { objectOf, replaceOperation, timestamp } from './writer.ts';

export interface TokenSecretsDependencies extends ControllerDependencies {
  /** PEM. */
  readonly caBundle: string;
  /** A token without end that is good while the Secret holds it. */
  issueForSecret(
    account: {
      readonly cluster: LogicalClusterName;
      readonly namespace: string;
      readonly name: string;
      readonly uid: string;
    },
    secret: string,
  ): Promise<string>;
}

const tokenType = 'kubernetes.io/service-account-token';
const nameAnnotation = 'kubernetes.io/service-account.name';
const uidAnnotation = 'kubernetes.io/service-account.uid';

interface Secret extends KubeObject {
  readonly type?: string;
  readonly immutable?: boolean;
  data?: Readonly<Record<string, string>>;
}

function encoded(text: string): string {
  return Buffer.from(text).toString('base64');
}

function mayHoldToken({ value }: Pick<Entry, 'value'>): boolean {
  return hasText(value, tokenType);
}

export function createTokenSecrets(deps: TokenSecretsDependencies): Controller {
  const served = () => deps.served('', 'secrets');

  async function fill(entry: Entry, account: Entry, secret: Secret): Promise<Operation | undefined> {
    const { cluster, namespace, name } = parseKey(account.key);
    const { uid = '' } = parseStored<KubeObject>(account.value).metadata;
    const { data = {}, metadata } = secret;
    const wanted = { 'ca.crt': encoded(deps.caBundle), namespace: encoded(namespace) };
    const isFilled =
      data['ca.crt'] === wanted['ca.crt'] && data['namespace'] === wanted.namespace && (data['token'] ?? '') !== '';
    if (secret.immutable === true || (isFilled && metadata.annotations?.[uidAnnotation] === uid)) return undefined;
    const token = data['token'] || encoded(await deps.issueForSecret({ cluster, namespace, name, uid }, metadata.name));
    secret.data = { ...data, ...wanted, token };
    metadata.annotations = { ...metadata.annotations, [uidAnnotation]: uid };
    return replaceOperation(deps, served(), entry, secret);
  }

  /** What makes a Secret right: its token, or its removal. Undefined where it is right. */
  async function change(decision: Reads, entry: Entry): Promise<Operation | undefined> {
    const secret = objectOf<Secret>(served(), entry);
    const { [nameAnnotation]: name = '', [uidAnnotation]: uid = '' } = secret.metadata.annotations ?? {};
    if (secret.type !== tokenType || name === '' || name.includes('/')) return undefined;
    if ((storedFlags(entry.value) & flagDeleting) !== 0) return undefined;
    const { cluster, namespace } = parseKey(entry.key);
    const parts = { group: '', resource: 'serviceaccounts', identity: '-', cluster, namespace, name } as const;
    const key = formatKey(parts);
    const account = decision.peek(key);
    const isSame = account !== undefined && (uid === '' || parseStored<KubeObject>(account.value).metadata.uid === uid);
    return isSame ? fill(entry, account, secret) : removeOperation(deps, entry, timestamp(deps));
  }

  /** The Secrets of an account are among those of its namespace. False on a conflict. */
  async function syncOfAccount(decision: Decision, key: string): Promise<boolean> {
    const { cluster, namespace, name } = parseKey(key);
    let synced = true;
    for await (const entries of eachBatch(deps.store, { prefix: `${secretsPrefix}${cluster}/${namespace}/` }))
      for (const entry of entries) {
        if (!mayHoldToken(entry)) continue;
        if (parseStored<Secret>(entry.value).metadata.annotations?.[nameAnnotation] !== name) continue;
        const operation = await change(decision, entry);
        if (operation !== undefined && !(await decision.commit([operation]))) synced = false;
      }
    return synced;
  }

  return {
    name: 'token-secrets',
    watches: [
      {
        prefix: secretsPrefix,
        initial: (entry) => (mayHoldToken(entry) ? [entry.key] : []),
        keys: ({ event }) => (event.type === 'put' && mayHoldToken(event) ? [event.key] : []),
      },
      { prefix: serviceAccountsPrefix, keys: ({ event }) => (event.type === 'delete' ? [event.key] : []) },
    ],
    async reconcile(key, decision) {
      if (key.startsWith(serviceAccountsPrefix)) return nothingUnlessConflict(await syncOfAccount(decision, key));
      const entry = decision.peek(key);
      const operation = entry === undefined ? undefined : await change(decision, entry);
      return operation === undefined ? nothing : commit([operation]);
    },
  };
}
