/**
 * A shard that does not hold root takes over the identities of root's exports, and keeps them:
 * after that it starts without asking anybody.
 */
import { asClusterName } from '@kcp-ts/api';
import { timestampOf } from '@kcp-ts/registry';
import type { Operation } from '@kcp-ts/storage';
import type { RootIdentities } from '../root-identities.ts';
import { identitiesOfExports, keptIdentities } from '../root-identities.ts';
import type { BootstrapDependencies } from './bootstrap-dependencies.ts';
import { commitAll, putOperation } from './bootstrap-dependencies.ts';
import { systemAdminObjects } from './objects/system-admin-objects.ts';

const systemAdmin = asClusterName('system:admin');

function take(deps: BootstrapDependencies, identities: RootIdentities | undefined): boolean {
  for (const [name, hash] of identities ?? []) deps.identities.set(name, hash);
  return identities !== undefined;
}

/**
 * The identities of root's exports, where they are known: stored here, or received from the shard
 * that holds root.
 */
export function readIdentities(deps: BootstrapDependencies): boolean {
  return take(deps, identitiesOfExports(deps.ofAllShards, deps.rootExports));
}

/** Resolves when all exports of the shard that holds root have been received. */
async function awaitIdentities(deps: BootstrapDependencies): Promise<void> {
  if (readIdentities(deps)) return;
  await new Promise<void>((resolve) => {
    const following = deps.changes.onChanges(() => {
      if (!readIdentities(deps)) return;
      following[Symbol.dispose]();
      resolve();
    });
  });
}

function keepIdentities(deps: BootstrapDependencies, now: string): Operation {
  const data = Object.fromEntries(deps.rootExports.map(({ name }) => [name, deps.identities.get(name) ?? '']));
  const metadata = { name: 'apiexport-identity-cache', namespace: 'default' };
  return putOperation(
    deps,
    asClusterName('system:shard'),
    { apiVersion: 'v1', kind: 'ConfigMap', metadata, data },
    now,
  );
}

/** A shard that does not hold root: its own RBAC first, then what it needs of root. */
export async function adoptIdentities(deps: BootstrapDependencies): Promise<void> {
  if (take(deps, keptIdentities(deps.store, deps.rootExports))) return;
  const now = timestampOf(deps.clock.now());
  await commitAll(deps, systemAdminOperations(deps, now));
  await awaitIdentities(deps);
  await deps.store.commit([keepIdentities(deps, now)]);
}

export function systemAdminOperations(deps: BootstrapDependencies, now: string): Operation[] {
  return systemAdminObjects().map((object) => putOperation(deps, systemAdmin, structuredClone(object), now));
}
