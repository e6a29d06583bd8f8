import type { Revision } from '@kcp-ts/api';
import type { Exchange } from '@kcp-ts/http';

/**
 * A media type for watches that are merged with those of other shards, beside the media types of
 * clients. Such a watch begins at the revision that it names, whichever shard that is from, and
 * gets the progress of this shard instead of bookmarks.
 */
export interface StreamSerializer {
  /** Of the answer. */
  readonly mediaType: string;
  /** The header in which a request for such a watch says what it accepts the events as. */
  readonly acceptHeader: string;
  /** Whether a request for a watch is answered in this form. */
  isWanted(exchange: Exchange): boolean;
  /** Headers of the answer. `kind`: what bookmarks of the watch are called. */
  headers(kind: { readonly kind: string; readonly apiVersion: string }): Readonly<Record<string, string>>;
  /** An event, encoded as the client accepts it, of an object with this revision. */
  event(revision: Revision, event: Uint8Array): Uint8Array;
  /** Nothing at or below the revision will come any more. */
  progress(revision: Revision): Uint8Array;
  /** The Status that the watch ends with. */
  error(status: Uint8Array): Uint8Array;
}
