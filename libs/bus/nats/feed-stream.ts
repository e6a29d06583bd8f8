/** The one stream that all feeds go through. It is no store: what it keeps is what a follower that was away for a moment would else have to fetch. */
import type { JetStreamManager, StreamConfig } from '@nats-io/jetstream';
import { DiscardPolicy, JetStreamApiCodes, JetStreamApiError, RetentionPolicy, StorageType } from '@nats-io/jetstream';

/** Its name. */
export const feedStream = 'KCP_FEEDS';
const subjects = ['kcp.feed.*'];
const maxAgeNs = 300_000_000_000;
const maxBytes = 64_000_000;

/**
 * Makes the stream if it is not there, as after NATS's data was lost. Throws where there is one that takes messages from elsewhere: only the publishers'
 * own rights then say who speaks for whom.
 */
export async function ensureFeedStream(manager: JetStreamManager): Promise<void> {
  const found = (await findStream(manager)) ?? (await addStream(manager));
  const foreign =
    found.subjects?.join() !== subjects.join() ||
    found.mirror !== undefined ||
    (found.sources ?? []).length > 0 ||
    found.subject_transform !== undefined;
  if (foreign) throw new Error(`stream ${feedStream} is not one of feeds: delete it, and it is made anew`);
}

async function findStream(manager: JetStreamManager): Promise<StreamConfig | undefined> {
  try {
    return (await manager.streams.info(feedStream)).config;
  } catch (error) {
    if (error instanceof JetStreamApiError && error.code === JetStreamApiCodes.StreamNotFound) return undefined;
    throw error;
  }
}

async function addStream(manager: JetStreamManager): Promise<StreamConfig> {
  const { config } = await manager.streams.add({
    name: feedStream,
    subjects,
    storage: StorageType.Memory,
    retention: RetentionPolicy.Limits,
    discard: DiscardPolicy.Old,
    max_age: maxAgeNs,
    max_bytes: maxBytes,
    max_msg_size: 1_048_576,
    duplicate_window: 0,
  });
  return config;
}
