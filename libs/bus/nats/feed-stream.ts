/** The one stream that all feeds go through. It is no store: what it has is gone after minutes, and nobody asks it for what is past. */
import type { JetStreamManager, StreamConfig } from '@nats-io/jetstream';
import { DiscardPolicy, JetStreamApiCodes, JetStreamApiError, RetentionPolicy, StorageType } from '@nats-io/jetstream';
import { nanos } from '@nats-io/transport-node';
import { feedStream, feedSubjects } from './nats-permissions.ts';

const maxAgeMs = 5 * 60_000;
const maxBytes = 256 * 1024 * 1024;

/**
 * Makes the stream if it is not there, as after NATS's data was lost. Throws where there is one that takes messages from elsewhere, or under other subjects:
 * whoever made it could put words into every shard's mouth.
 */
export async function ensureFeedStream(manager: JetStreamManager): Promise<void> {
  const { subjects, mirror, sources, subject_transform } = (await find(manager)) ?? (await add(manager));
  const isOurs = subjects.length === 1 && subjects[0] === feedSubjects;
  const isFed = mirror !== undefined || (sources ?? []).length > 0 || subject_transform !== undefined;
  if (!isOurs || isFed) throw new Error(`stream ${feedStream} is not as we make it: delete it, and it is made anew`);
}

async function find(manager: JetStreamManager): Promise<StreamConfig | undefined> {
  try {
    return (await manager.streams.info(feedStream)).config;
  } catch (error) {
    if (error instanceof JetStreamApiError && error.code === JetStreamApiCodes.StreamNotFound) return undefined;
    throw error;
  }
}

async function add(manager: JetStreamManager): Promise<StreamConfig> {
  const { config } = await manager.streams.add({
    name: feedStream,
    subjects: [feedSubjects],
    storage: StorageType.Memory,
    retention: RetentionPolicy.Limits,
    discard: DiscardPolicy.Old,
    max_age: nanos(maxAgeMs),
    max_bytes: maxBytes,
  });
  return config;
}
