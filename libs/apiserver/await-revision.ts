/** A client may ask for a state "not older than" one that is not here yet: wait a little for it, then say so. A client's number is never taken for a clock. */
import type { Revision } from '@kcp-ts/meta';
import { formatResourceVersion, StatusError } from '@kcp-ts/meta';
import type { ServerNeeds } from './server-needs.ts';

const waitMs = 3_000;

type Needs = Pick<ServerNeeds, 'store' | 'hub' | 'clock' | 'shardNumber'>;

function tooLarge(needs: Needs, revision: Revision): StatusError {
  const asked = formatResourceVersion(revision, needs.shardNumber);
  const current = formatResourceVersion(needs.store.currentRevision(), needs.shardNumber);
  return new StatusError('Timeout', `Timeout: Too large resource version: ${asked}, current: ${current}`, {
    causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }],
    retryAfterSeconds: 1,
  });
}

/** Resolves once the store has reached a revision; throws StatusError Timeout (504) after three seconds. */
export async function awaitRevision(needs: Needs, revision: Revision): Promise<void> {
  if (revision <= needs.store.currentRevision()) return;
  // An idle shard's clock runs on: what lies in its past but was never committed is reached by promising it.
  if ((await needs.store.progress(revision)) >= revision) return;
  await new Promise<void>((resolve, reject) => {
    const timer = needs.clock.setTimer(waitMs, () => {
      changes[Symbol.dispose]();
      reject(tooLarge(needs, revision));
    });
    const changes = needs.hub.onChanges(() => {
      if (needs.store.currentRevision() < revision) return;
      timer[Symbol.dispose]();
      changes[Symbol.dispose]();
      resolve();
    });
  });
}
