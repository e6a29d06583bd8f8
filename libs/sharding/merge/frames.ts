/**
 * What a watch looks like between services: `[u32 length of the payload][u8 type][f64
 * revision][payload]`, big-endian. A merged stream orders events by their revision and never opens
 * them, so revisions stand outside and progress is said in between.
 */
import type { Revision } from '@kcp-ts/api';
import { asRevision } from '@kcp-ts/api';

/**
 * `event`: the payload is the line of an ordinary watch. `progress`: nothing at or below the
 * revision will come any more. `error`: the payload is a Status, and the stream is over.
 */
export type WatchFrameType = 'event' | 'progress' | 'error';

export interface WatchFrame {
  readonly type: WatchFrameType;
  readonly revision: Revision;
  readonly payload: Uint8Array;
}

/** The content type of a framed watch. */
export const framedWatchType = 'application/vnd.kcp.frames';
/** What the client accepts, where the service that asks accepts frames. */
export const framedAcceptHeader = 'kcp-accept';
/**
 * Says, in the answer to a framed watch, what its bookmarks are called:
 * `{"kind":…,"apiVersion":…}`.
 */
export const watchedKindHeader = 'kcp-watched-kind';

const headBytes = 13;
const codes: Readonly<Record<WatchFrameType, number>> = { event: 1, progress: 2, error: 3 };
const types: readonly (WatchFrameType | undefined)[] = [undefined, 'event', 'progress', 'error'];
/** An object and its deletion's framing; more than this is not a watch of ours. */
const payloadBytesMax = 16 * 1024 * 1024;
const nothing = new Uint8Array();

export function encodeWatchFrame(type: WatchFrameType, revision: Revision, payload: Uint8Array = nothing): Uint8Array {
  const frame = Buffer.allocUnsafe(headBytes + payload.length);
  frame.writeUInt32BE(payload.length, 0);
  frame[4] = codes[type];
  frame.writeDoubleBE(revision, 5);
  frame.set(payload, headBytes);
  return frame;
}

export interface WatchFrameReader {
  /**
   * The frames that are complete now; payloads are views of the chunks where they can be. Throws
   * for bytes that are no frames.
   */
  push(chunk: Uint8Array): readonly WatchFrame[];
}

export function createWatchFrameReader(): WatchFrameReader {
  let rest: Buffer = Buffer.alloc(0);
  let missing: Buffer[] = [];
  let missingBytes = 0;

  /** Chunks of a large frame are gathered and joined once, when enough are there. */
  function gather(chunk: Buffer): Buffer | undefined {
    if (missingBytes === 0) return rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    missing.push(chunk);
    missingBytes -= chunk.length;
    if (missingBytes > 0) return undefined;
    const whole = Buffer.concat([rest, ...missing]);
    missing = [];
    missingBytes = 0;
    return whole;
  }

  return {
    push(chunk) {
      const bytes = gather(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength));
      if (bytes === undefined) return [];
      const frames: WatchFrame[] = [];
      let at = 0;
      while (bytes.length - at >= headBytes) {
        const length = bytes.readUInt32BE(at);
        const type = types[bytes[at + 4] ?? 0];
        if (type === undefined || length > payloadBytesMax)
          throw new Error('Cannot read a watch: no frame begins here');
        const end = at + headBytes + length;
        if (end > bytes.length) {
          missingBytes = end - bytes.length;
          break;
        }
        const revision = asRevision(bytes.readDoubleBE(at + 5));
        frames.push({ type, revision, payload: bytes.subarray(at + headBytes, end) });
        at = end;
      }
      rest = bytes.subarray(at);
      return frames;
    },
  };
}
