/**
 * Whose requests are served in turn with others': one client. That is a connection or, on the
 * connection of another service of the installation, one of the clients that it speaks for, which
 * that service names in a header.
 */
import type { Peer } from './peer.ts';

/**
 * Set by our own services for each request that they hand on; from anybody else it says nothing.
 */
export const flowHeader = 'x-kcp-ts-flow';

export interface Waiting {
  /** Nobody waits for it any more. */
  readonly closed: boolean;
  /** Kept by the request queue alone. */
  queued: boolean;
  run(): void;
}

/**
 * Mutable: the request queue and the accounts of unsent answers keep their numbers here, so that a
 * request costs no look-up.
 */
export interface Flow {
  readonly id: string;
  /**
   * False for requests that another service makes for itself: only the bounds of the whole server
   * hold for those.
   */
  readonly bounded: boolean;
  /** Requests that have not been started. */
  waiting: Waiting[];
  /** Those among `waiting` that were given up. */
  gone: number;
  /** Work that was started and waits for its turn to go on. */
  readonly paused: (() => void)[];
  /** It is among those whose long work goes on. */
  pausedQueued: boolean;
  /** Started and not yet answered. */
  running: number;
  /** Of answers that the client has not taken. */
  unsentBytes: number;
  place: 'none' | 'new' | 'old' | 'blocked';
}

export interface FlowsOfConnection {
  /** The connection is another service's. */
  readonly service: boolean;
  flowOf(header: string | readonly string[] | undefined): Flow;
}

/**
 * A service's clients come and go: those that have nothing under way are forgotten when there are
 * more than this many.
 */
const namedMax = 1000;

function createFlow(id: string, bounded: boolean): Flow {
  return {
    id,
    bounded,
    waiting: [],
    gone: 0,
    paused: [],
    pausedQueued: false,
    running: 0,
    unsentBytes: 0,
    place: 'none',
  };
}

function isIdle({ waiting, paused, running, unsentBytes }: Flow): boolean {
  return waiting.length === 0 && paused.length === 0 && running === 0 && unsentBytes === 0;
}

/** Numbers the connections of one server. */
export function createFlows(isService: (peer: Peer) => boolean): (peer: Peer) => FlowsOfConnection {
  let count = 0;
  return (peer) => {
    const id = String(++count);
    const service = isService(peer);
    const own = createFlow(id, !service);
    if (!service) return { service, flowOf: () => own };
    const named = new Map<string, Flow>();
    return {
      service,
      flowOf(header) {
        if (typeof header !== 'string') return own;
        let flow = named.get(header);
        if (flow !== undefined) return flow;
        if (named.size >= namedMax) for (const [name, each] of named) if (isIdle(each)) named.delete(name);
        flow = createFlow(`${id}.${header}`, true);
        named.set(header, flow);
        return flow;
      },
    };
  };
}
