import { fromBinary } from '@bufbuild/protobuf';
import { subjectSegment } from '@kcp-ts/bus';
import type { FeedMessage } from '@kcp-ts/proto';
import { FeedMessageSchema } from '@kcp-ts/proto';
import { feedSubject } from './feed.ts';

/**
 * A message as it comes from the bus. `numberOf` gives the number of a shard that is followed; of
 * others it is undefined, and so is the answer. Throws where the bytes are no message, and where
 * they speak for another shard: the right to publish is one to a subject, and who has it speaks for
 * that shard alone.
 */
export function readMessage(
  subject: string,
  bytes: Uint8Array,
  numberOf: (shard: string) => number | undefined,
): FeedMessage | undefined {
  const message = fromBinary(FeedMessageSchema, bytes);
  const number = numberOf(message.shard);
  if (number === undefined) return undefined;
  if (subject !== feedSubject(subjectSegment(message.shard)) || message.number !== number)
    throw new Error(`${subject} speaks for another shard`);
  return message;
}
