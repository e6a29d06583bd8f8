/**
 * A response body whose small writes leave together. A watch hub hands one stream many events in one turn; each write that
 * reaches Node costs microseconds (a request object, a frame, a TLS record), so chunks gather until the turn is over and then
 * go down as one.
 */
import type { Writable } from 'node:stream';
import type { BodyStream } from './exchange.ts';

/** Above this many waiting bytes `write` says false. */
const highWaterBytes = 64 * 1024;
/** Up to here copying chunks into one is cheaper than handing them down one by one. */
const joinBytes = 128 * 1024;

/** Flushes every body that was written to in this turn, once, after all microtasks of the turn. One per server. */
export interface Flusher {
  schedule(body: { flush(): void }): void;
}

export function createFlusher(): Flusher {
  let dirty: { flush(): void }[] = [];
  const run = () => {
    const bodies = dirty;
    dirty = [];
    for (const body of bodies) body.flush();
  };
  return {
    schedule(body) {
      if (dirty.push(body) === 1) process.nextTick(run);
    },
  };
}

export class CoalescingBody implements BodyStream {
  readonly #target: Writable;
  readonly #flusher: Flusher;
  readonly #cutOff: (target: Writable) => void;
  #pending: Uint8Array[] = [];
  #pendingBytes = 0;
  #ended = false;
  #refused = false;
  #waitsForTarget = false;
  #drainListeners: (() => void)[] = [];

  /** `cutOff` ends the answer so that the client sees that it is incomplete. */
  constructor(target: Writable, flusher: Flusher, cutOff: (target: Writable) => void) {
    this.#target = target;
    this.#flusher = flusher;
    this.#cutOff = cutOff;
  }

  get bufferedBytes(): number {
    return this.#pendingBytes + this.#target.writableLength;
  }

  write(chunk: Uint8Array): boolean {
    if (this.#ended || this.#target.destroyed) return false;
    if (this.#pending.push(chunk) === 1) this.#flusher.schedule(this);
    this.#pendingBytes += chunk.byteLength;
    if (this.bufferedBytes < highWaterBytes) return true;
    this.#refused = true;
    return false;
  }

  onDrain(listener: () => void): void {
    this.#drainListeners.push(listener);
  }

  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    const last = this.#take();
    if (this.#target.destroyed) return;
    if (last === undefined) this.#target.end();
    else this.#target.end(last);
  }

  destroy(): void {
    this.#ended = true;
    this.#pending = [];
    this.#pendingBytes = 0;
    if (!this.#target.destroyed) this.#cutOff(this.#target);
  }

  /** Called by the flusher. */
  flush(): void {
    const chunk = this.#take();
    if (chunk !== undefined && !this.#ended && !this.#target.destroyed) this.#target.write(chunk);
    if (this.#refused) this.#tellWhenDrained();
  }

  #take(): Uint8Array | undefined {
    const chunks = this.#pending;
    if (chunks.length === 0) return undefined;
    const bytes = this.#pendingBytes;
    this.#pending = [];
    this.#pendingBytes = 0;
    if (chunks.length === 1) return chunks[0];
    if (bytes <= joinBytes) return Buffer.concat(chunks, bytes);
    this.#target.cork();
    for (const chunk of chunks) this.#target.write(chunk);
    this.#target.uncork();
    return undefined;
  }

  #tellWhenDrained(): void {
    if (this.#waitsForTarget) return;
    if (this.#target.writableNeedDrain) {
      this.#waitsForTarget = true;
      this.#target.once('drain', () => {
        this.#waitsForTarget = false;
        this.#drained();
      });
    } else this.#drained();
  }

  #drained(): void {
    this.#refused = false;
    for (const listener of this.#drainListeners) listener();
  }
}
