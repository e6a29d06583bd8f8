/**
 * The interface of the bus. It may lose anything, and nothing is lost: what travels on it says what
 * came before it, so that a subscriber sees what is missing and fetches that from its source. A
 * bus is therefore free to drop rather than to wait, and it says so where it knows.
 */

export interface BusHandlers {
  /**
   * Called in the order of each publisher, never from inside `publish` or `subscribe`. Must not
   * throw. The bytes belong to the handler.
   */
  message(subject: string, bytes: Uint8Array): void;
  /** Messages may have been lost before this moment; those that come go on from here. */
  gap(): void;
  /** The bus has come up or gone down. */
  state?(up: boolean): void;
}

export interface Bus extends AsyncDisposable {
  /**
   * Resolves when the bus has taken the message. Rejects with StatusError ServiceUnavailable where
   * the bus is down or has too much in flight, and with RequestEntityTooLarge for more than
   * `messageBytesMax`: then the message is dropped, never sent later.
   */
  publish(subject: string, message: Uint8Array): Promise<void>;
  /**
   * What is published from now on, by subjects that match a pattern (`*` is any one segment). One
   * consumer per call. While the bus is down the subscription waits, and begins with `gap`.
   */
  subscribe(pattern: string, handlers: BusHandlers): Promise<Disposable>;
  state(): 'up' | 'down';
  readonly messageBytesMax: number;
}

/** The largest message, in bytes: NATS's own default of 1 MB, less what travels beside it. */
export const messageBytesMax = 1_000_000;
