/**
 * A response body whose small writes leave together. A watch hub hands one stream many events in
 * one turn; each write that reaches Node costs microseconds (a request object, a frame, a TLS
 * record), so chunks gather until the turn is over and then go down as one.
 */
import type { Writable } from 'node:stream';
import type { BodyStream } from './exchange.ts';
import type { Flow } from './flow.ts';
import type { UnsentAnswer, UnsentAnswers } from './unsent-answers.ts';
import { taken } from './unsent-answers.ts';

/** Above this many waiting bytes `write` says false. */
const highWaterBytes = 64 * 1024;
/** Up to here copying chunks into one is cheaper than handing them down one by one. */
const joinBytes = 128 * 1024;

/**
 * Flushes every body that was written to in this turn, once, after all microtasks of the turn. One
 * per server.
 */
export interface Flusher {
  schedule(body: { flush(): void }): void;
}

/** `failed` is called with what a flush throws: the others are flushed all the same. */
export function createFlusher(failed: (error: unknown) => void): Flusher {
  let dirty: { flush(): void }[] = [];
  const run = () => {
    const bodies = dirty;
    dirty = [];
    for (const body of bodies) {
      try {
        body.flush();
      } catch (error) {
        failed(error);
      }
    }
  };
  return {
    schedule(body) {
      if (dirty.push(body) === 1) process.nextTick(run);
    },
  };
}

export interface CoalescingBodyDependencies {
  readonly flusher: Flusher;
  readonly unsent: UnsentAnswers;
  readonly flow: Flow;
  /** What waits in other buffers while the client is behind. */
  readonly reservedBytes: number;
  /** Ends the answer so that the client sees that it is incomplete. */
  readonly cutOff: (target: Writable) => void;
}

export class CoalescingBody implements BodyStream, UnsentAnswer {
  readonly flow: Flow;
  unsentBytes = 0;
  unsentSinceMs = taken;
  readonly #target: Writable;
  readonly #flusher: Flusher;
  readonly #accounts: UnsentAnswers;
  readonly #reservedBytes: number;
  readonly #cutOff: (target: Writable) => void;
  #pending: Uint8Array[] = [];
  #pendingBytes = 0;
  #ended = false;
  #refused = false;
  #waitsForTarget = false;
  #drainListeners: (() => void)[] = [];

  constructor(target: Writable, { flusher, unsent, flow, reservedBytes, cutOff }: CoalescingBodyDependencies) {
    this.flow = flow;
    this.#target = target;
    this.#flusher = flusher;
    this.#accounts = unsent;
    this.#reservedBytes = reservedBytes;
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
    // Until it is closed: a client may leave the end of an answer unread as well.
    this.#account();
  }

  destroy(): void {
    this.#ended = true;
    this.#pending = [];
    this.#pendingBytes = 0;
    this.#accounts.remove(this);
    if (!this.#target.destroyed) this.#cutOff(this.#target);
  }

  giveUp(): void {
    this.destroy();
  }

  /** The answer's stream is closed. */
  gone(): void {
    this.#pending = [];
    this.#pendingBytes = 0;
    this.#accounts.remove(this);
  }

  /** Called by the flusher. */
  flush(): void {
    const chunk = this.#take();
    if (chunk !== undefined && !this.#ended && !this.#target.destroyed) this.#target.write(chunk);
    if (this.#target.writableNeedDrain) this.#stall();
    else if (this.#refused) this.#drained();
  }

  /** The client is behind: what waits for it is counted until it has taken it. */
  #stall(): void {
    this.#account();
    if (this.#waitsForTarget) return;
    this.#waitsForTarget = true;
    this.#target.once('drain', () => {
      this.#waitsForTarget = false;
      if (!this.#ended) this.#accounts.remove(this);
      if (this.#refused) this.#drained();
    });
  }

  #account(): void {
    const bytes = this.bufferedBytes + this.#reservedBytes;
    if (this.unsentSinceMs === taken) this.#accounts.add(this, bytes);
    else this.#accounts.change(this, bytes);
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

  #drained(): void {
    this.#refused = false;
    for (const listener of this.#drainListeners) listener();
  }
}
