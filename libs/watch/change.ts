import type { KeyParts, StoreEvent } from '@kcp-ts/storage';
import { parseKey } from '@kcp-ts/storage';

/** One event, wrapped once for all watchers. */
export interface Change {
  readonly event: StoreEvent;
  /** The key's segments, parsed when first asked for. */
  readonly parts: KeyParts;
  /**
   * Where encoders keep what they made of this event, by media type and whatever else the frame
   * depends on: made once however many watchers.
   */
  readonly frames: Map<string, unknown>;
}

// A class for the sake of its getters: one shape and no closures for what is made per event.
class SharedChange implements Change {
  readonly event: StoreEvent;
  #parts: KeyParts | undefined;
  #frames: Map<string, unknown> | undefined;

  constructor(event: StoreEvent) {
    this.event = event;
  }

  get parts(): KeyParts {
    this.#parts ??= parseKey(this.event.key);
    return this.#parts;
  }

  get frames(): Map<string, unknown> {
    this.#frames ??= new Map();
    return this.#frames;
  }
}

export function createChange(event: StoreEvent): Change {
  return new SharedChange(event);
}
