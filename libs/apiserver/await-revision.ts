/**
 * A client may ask for a state "not older than" one that is not here yet: wait a little for it,
 * then say so. A client's number is never taken for a clock.
 */
import type { Revision } from '@kcp-ts/api';
import { formatResourceVersion, StatusError } from '@kcp-ts/api';
import type { ServerDependencies } from './server-dependencies.ts';

const waitMs = 3_000;

type Dependencies = Pick<ServerDependencies, 'store' | 'hub' | 'clock' | 'shardNumber'>;

function tooLarge(deps: Dependencies, revision: Revision): StatusError {
  const asked = formatResourceVersion(revision, deps.shardNumber);
  const current = formatResourceVersion(deps.store.currentRevision(), deps.shardNumber);
  return new StatusError('Timeout', `Timeout: Too large resource version: ${asked}, current: ${current}`, {
    causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }],
    retryAfterSeconds: 1,
  });
}

/**
 * Resolves once the store has reached a revision; throws StatusError Timeout (504) after three
 * seconds.
 */
export async function awaitRevision(deps: Dependencies, revision: Revision): Promise<void> {
  if (revision <= deps.store.currentRevision()) return;
  // An idle shard's clock runs on: what lies in its past but was never committed is reached by
  // promising it.
  if ((await deps.store.progress(revision)) >= revision) return;
  await new Promise<void>((resolve, reject) => {
    const timer = deps.clock.setTimer(waitMs, () => {
      changes[Symbol.dispose]();
      reject(tooLarge(deps, revision));
    });
    const changes = deps.hub.onChanges(() => {
      if (deps.store.currentRevision() < revision) return;
      timer[Symbol.dispose]();
      changes[Symbol.dispose]();
      resolve();
    });
  });
}
