/**
 * Which request is served next. A request is served at once while the server has little to do.
 * Otherwise it waits, and clients take turns:
 *
 * - In one turn of the event loop only so many are started as have lately taken a few milliseconds.
 *   Work that is long in itself (a page of a list) asks before each part (`pause`): a burst of a
 *   thousand streams in one read must not run a thousand lists before anything else is read.
 * - A client that had nothing waiting goes before those that have been served already (as fq_codel
 *   treats sparse flows, RFC 8290 section 4.2), so a client with one request does not wait behind a
 *   client with a thousand.
 * - A client has at most so many requests under way, and none is started while too much of its
 *   earlier answers waits to be read: an answer that cannot be sent is not computed.
 * - A request whose client has gone is dropped before it begins.
 */
import type { Clock } from '@kcp-ts/base';
import type { Flow, Waiting } from './flow.ts';
import type { HttpLimits } from './limits.ts';

export interface RequestQueue {
  /** Runs it now or later; false when too many wait, and then it never runs. */
  submit(flow: Flow, request: Waiting): boolean;
  /**
   * Resolves when the event loop has time for a long piece of work and the client has taken enough
   * of what was made for it; undefined where that is so already, and no such work was done in this
   * turn.
   */
  pause(flow: Flow): Promise<void> | undefined;
  /** A request of this flow is under way. */
  started(flow: Flow): void;
  /**
   * It waits for its body or its turn: a client that sends slowly or asks for much must not keep
   * other clients from being served.
   */
  suspended(): void;
  resumed(): void;
  /** It has been answered or given up; `waited`: while it was suspended. */
  finished(flow: Flow, waited: boolean): void;
  /** The client of a request has gone: where it still waits, it never runs. */
  gone(flow: Flow, request: Waiting): void;
  /** The flow's client has taken some of its answers. */
  startNext(flow: Flow): void;
  /** Requests that were submitted in this turn of the event loop, whatever became of them. */
  submittedNow(): number;
  sizes(): { readonly waiting: number; readonly running: number };
}

export interface RequestQueueDependencies {
  readonly limits: HttpLimits;
  readonly clock: Pick<Clock, 'monotonic'>;
  /**
   * Whether all clients together leave so much unread that only those that left nothing are served.
   */
  readonly crowded: () => boolean;
  /** Runs a callback when the event loop has read what there was to read. */
  readonly nextTurn: (run: () => void) => void;
}

/**
 * Requests that are started in one turn of the event loop: fewer when a turn takes longer than it
 * should.
 */
const startsMin = 8;
const startsMax = 64;
const turnMs = 10;
/** Nothing more is started in a turn in which starting has taken so long already. */
const startingMs = 5;
/** So many of one client are started in a row: their answers leave together, in fewer writes. */
const startsInRow = 16;
/**
 * Long pieces of work go on until they have taken so long in this turn; that many at most, so that
 * looking at the clock is all it costs.
 */
const longWorkMs = 5;
const longWorkMax = 8;

// check-allow function-length -- one queue: its functions share the flows and the turns
export function createRequestQueue({ limits, clock, crowded, nextTurn }: RequestQueueDependencies): RequestQueue {
  const newFlows: Flow[] = [];
  const oldFlows: Flow[] = [];
  const pausedFlows: Flow[] = [];
  /** Blocked by what all clients together have under way. */
  const crowdedOut: Flow[] = [];
  let waiting = 0;
  let running = 0;
  let starts = startsMax;
  let startedNow = 0;
  let submittedNow = 0;
  let longNow = 0;
  let turnBeganMs = 0;
  /** A call of `endTurn` is on its way. */
  let turning = false;

  function mayStart(flow: Flow): boolean {
    return !flow.bounded || (flow.running < limits.requestsPerClientMax && hasRoom(flow));
  }

  /** A client with nothing under way is served however much others have. */
  function serverMayStart(flow: Flow): boolean {
    return running < limits.requestsRunningMax || flow.running === 0;
  }

  function count(): void {
    if (startedNow === 0 && longNow === 0) turnBeganMs = clock.monotonic();
    scheduleTurn();
  }

  function mayStartMore(): boolean {
    return startedNow < startsMin || (startedNow < starts && clock.monotonic() - turnBeganMs < startingMs);
  }

  function scheduleTurn(): void {
    if (turning) return;
    turning = true;
    nextTurn(endTurn);
  }

  function endTurn(): void {
    turning = false;
    if (startedNow > 0) {
      const tookMs = clock.monotonic() - turnBeganMs;
      if (tookMs > turnMs) starts = Math.max(startsMin, Math.floor((startedNow * turnMs) / tookMs));
      else starts = Math.min(startsMax, starts + startsMin);
    }
    startedNow = 0;
    submittedNow = 0;
    longNow = 0;
    if (pausedFlows.length > 0) {
      turnBeganMs = clock.monotonic();
      // What follows a part runs before the next of these callbacks.
      for (let part = 0; part < longWorkMax; part++) nextTurn(runPaused);
    }
    serveWaiting();
  }

  function hasRoom(flow: Flow): boolean {
    return !flow.bounded || flow.unsentBytes === 0 || (flow.unsentBytes < limits.unsentBytesPerClient && !crowded());
  }

  function enterPaused(flow: Flow): void {
    if (flow.pausedQueued || flow.paused.length === 0 || !hasRoom(flow)) return;
    flow.pausedQueued = true;
    pausedFlows.push(flow);
    scheduleTurn();
  }

  /** One piece of long work, of the client whose turn it is. */
  function runPaused(): void {
    if (longNow > 0 && clock.monotonic() - turnBeganMs > longWorkMs) return;
    for (let flow = pausedFlows.shift(); flow !== undefined; flow = pausedFlows.shift()) {
      flow.pausedQueued = false;
      const go = hasRoom(flow) ? flow.paused.shift() : undefined;
      if (go === undefined) continue;
      enterPaused(flow);
      longNow++;
      scheduleTurn();
      go();
      return;
    }
  }

  function place(flow: Flow): void {
    if (flow.place !== 'none') return;
    flow.place = 'new';
    newFlows.push(flow);
  }

  /** The next piece of work of a flow that may run now. */
  function take(flow: Flow): Waiting | undefined {
    for (let next = flow.waiting[0]; next !== undefined; next = flow.waiting[0]) {
      if (next.queued && !next.closed) {
        if (!mayStart(flow) || !serverMayStart(flow)) return undefined;
        flow.waiting.shift();
        leave(next);
        return next;
      }
      flow.waiting.shift();
      if (next.queued) leave(next);
      else flow.gone--;
    }
    return undefined;
  }

  function leave(request: Waiting): void {
    request.queued = false;
    waiting--;
  }

  function serveWaiting(): void {
    while (mayStartMore()) {
      const flow = newFlows.shift() ?? oldFlows.shift();
      if (flow === undefined) return;
      const wasNew = flow.place === 'new';
      // Its place is taken until it is known where it goes on: what it runs may submit more.
      flow.place = 'old';
      let served = 0;
      for (; served < startsInRow && mayStartMore(); served++) {
        const request = take(flow);
        if (request === undefined) break;
        count();
        startedNow++;
        request.run();
      }
      if (flow.waiting.length > 0 && !mayStart(flow)) flow.place = 'blocked';
      else if (flow.waiting.length > 0 && !serverMayStart(flow)) {
        flow.place = 'blocked';
        crowdedOut.push(flow);
      } else if (flow.waiting.length > 0 || wasNew || served > 0) oldFlows.push(flow);
      // It stays known for one round, or its client could be new with every request.
      else flow.place = 'none';
    }
    goOn();
  }

  function goOn(): void {
    if (newFlows.length + oldFlows.length > 0) scheduleTurn();
  }

  /** The server as a whole has room again: for the client that has waited longest for it. */
  function letIn(): void {
    while (running < limits.requestsRunningMax) {
      const flow = crowdedOut.shift();
      if (flow === undefined) return;
      if (flow.place !== 'blocked') continue;
      unblock(flow);
      return;
    }
  }

  function unblock(flow: Flow): void {
    flow.place = 'old';
    oldFlows.push(flow);
    goOn();
  }

  return {
    submit(flow, request) {
      submittedNow++;
      if (flow.place === 'none' && mayStartMore() && mayStart(flow) && serverMayStart(flow)) {
        count();
        startedNow++;
        request.run();
        return true;
      }
      if (waiting >= limits.requestsWaitingMax) return false;
      request.queued = true;
      flow.waiting.push(request);
      waiting++;
      place(flow);
      scheduleTurn();
      return true;
    },
    pause(flow) {
      if (longNow === 0 && pausedFlows.length === 0 && hasRoom(flow)) {
        count();
        longNow++;
        return undefined;
      }
      return new Promise((resolve) => {
        flow.paused.push(resolve);
        enterPaused(flow);
      });
    },
    started(flow) {
      flow.running++;
      running++;
    },
    suspended() {
      running--;
      letIn();
    },
    resumed() {
      running++;
    },
    finished(flow, waited) {
      flow.running--;
      if (!waited) running--;
      if (flow.place === 'blocked') unblock(flow);
      letIn();
    },
    gone(flow, request) {
      if (!request.queued) return;
      leave(request);
      flow.gone++;
      if (flow.gone * 2 > flow.waiting.length) {
        flow.waiting = flow.waiting.filter(({ queued }) => queued);
        flow.gone = 0;
      }
      if (flow.place === 'blocked') unblock(flow);
    },
    startNext(flow) {
      enterPaused(flow);
      if (flow.place === 'blocked') unblock(flow);
    },
    submittedNow: () => submittedNow,
    sizes: () => ({ waiting, running }),
  };
}
