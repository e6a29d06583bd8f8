/**
 * Writes the events of a watch: one after the other for clients, or as a stream serializer does it.
 */
import type { Revision, StatusError } from '@kcp-ts/api';
import type { Change, StreamSerializer } from '@kcp-ts/watch';
import type { SelectorFilter } from './selector-filter.ts';
import type { FrameEncoder } from './watch-frames.ts';

export interface WatchOutput {
  /** Objects that were there at a revision, before the watch. */
  initial(values: readonly Uint8Array[], at: Revision): Uint8Array;
  /** Undefined where nothing of the batch is for this watch. */
  changes(changes: readonly Change[], filter: SelectorFilter | undefined): Uint8Array | undefined;
  error(error: StatusError): Uint8Array;
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  return parts.length === 1 && parts[0] !== undefined ? parts[0] : Buffer.concat(parts);
}

/** `stream`: what the events leave in; undefined for the client's own media type. */
export function createWatchOutput(encoder: FrameEncoder, stream: StreamSerializer | undefined): WatchOutput {
  const written = (revision: Revision, event: Uint8Array) => stream?.event(revision, event) ?? event;
  return {
    initial: (values, at) => joined(values.map((value) => written(at, encoder.initial(value)))),
    changes(changes, filter) {
      const events: Uint8Array[] = [];
      for (const change of changes) {
        const event = encoder.frame(change, filter);
        if (event !== undefined) events.push(written(change.event.revision, event));
      }
      return events.length === 0 ? undefined : joined(events);
    },
    error: (error) => stream?.error(Buffer.from(JSON.stringify(error.toStatus()))) ?? encoder.error(error),
  };
}

/** Batches that went to several watches of the same kind are joined once. */
const sharedBatches = new WeakMap<readonly Change[], Map<string, Uint8Array>>();

/** The same output, for watches without a filter: `key` says all that their bytes depend on. */
export function sharedOutput(output: WatchOutput, key: string): WatchOutput {
  return {
    ...output,
    changes(changes, filter) {
      const shared = sharedBatches.get(changes)?.get(key);
      if (shared !== undefined) return shared;
      const bytes = output.changes(changes, filter);
      if (bytes === undefined) return undefined;
      const byKey = sharedBatches.get(changes) ?? new Map<string, Uint8Array>();
      byKey.set(key, bytes);
      sharedBatches.set(changes, byKey);
      return bytes;
    },
  };
}
