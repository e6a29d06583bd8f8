/**
 * Writes the events of a watch: one after the other for clients, or in frames for a service that
 * merges them with other shards' events by their revisions.
 */
import type { Revision, StatusError } from '@kcp-ts/api';
import type { Change } from '@kcp-ts/watch';
import { encodeWatchFrame } from '@kcp-ts/watch';
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

export function plainOutput(encoder: FrameEncoder): WatchOutput {
  return {
    initial: (values) => joined(values.map((value) => encoder.initial(value))),
    changes(changes, filter) {
      const lines: Uint8Array[] = [];
      for (const change of changes) {
        const line = encoder.frame(change, filter);
        if (line !== undefined) lines.push(line);
      }
      return lines.length === 0 ? undefined : joined(lines);
    },
    error: (error) => encoder.error(error),
  };
}

export function framedOutput(encoder: FrameEncoder): WatchOutput {
  return {
    initial: (values, at) => joined(values.map((value) => encodeWatchFrame('event', at, encoder.initial(value)))),
    changes(changes, filter) {
      const frames: Uint8Array[] = [];
      for (const change of changes) {
        const line = encoder.frame(change, filter);
        if (line !== undefined) frames.push(encodeWatchFrame('event', change.event.revision, line));
      }
      return frames.length === 0 ? undefined : joined(frames);
    },
    error: (error) => encodeWatchFrame('error', 0 as Revision, Buffer.from(JSON.stringify(error.toStatus()))),
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
