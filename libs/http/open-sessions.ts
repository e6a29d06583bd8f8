import type { Http2Session } from 'node:http2';
import type { Duplex } from 'node:stream';

/**
 * All HTTP/2 sessions of a server with their sockets. Both ends of a connection can leave it in any
 * state: closed by a GOAWAY with streams still open, destroyed while its socket waits for the
 * client to read, not answering pings. None of them may hold a socket for longer than two sweeps.
 */
export interface OpenSessions {
  /** The socket is destroyed when the session is, at the latest with the second sweep after it. */
  add(session: Http2Session, socket: Duplex): void;
  /** Destroys sockets whose session is destroyed already: call it every few seconds. */
  sweep(): void;
  /** Destroys sessions that have not answered the ping of the call before, and pings the others. */
  ping(): void;
  /** Sends GOAWAY on each; what is open goes on. */
  closeAll(): void;
  destroyAll(): void;
  size(): number;
}

interface Open {
  readonly session: Http2Session;
  readonly socket: Duplex;
  /** A ping is on its way. */
  pinged: boolean;
  /** The session was destroyed already at the last sweep. */
  over: boolean;
}

export function createOpenSessions(): OpenSessions {
  const all = new Set<Open>();

  /**
   * Whatever the session's state: Node only ends the socket of a session that a GOAWAY closed, and
   * then waits for the client to read.
   */
  function destroy({ session, socket }: Open): void {
    session.destroy();
    socket.destroy();
  }

  return {
    add(session, socket) {
      const open: Open = { session, socket, pinged: false, over: false };
      all.add(open);
      socket.once('close', () => all.delete(open));
    },
    sweep() {
      for (const open of all) {
        if (open.socket.destroyed) all.delete(open);
        else if (open.over) destroy(open);
        else open.over = open.session.destroyed;
      }
    },
    ping() {
      for (const open of all) {
        const { session } = open;
        // The sweep deals with it: a destroyed session throws when it is pinged.
        if (session.destroyed) continue;
        if (open.pinged) {
          destroy(open);
          continue;
        }
        open.pinged = true;
        session.ping((error) => {
          if (error === null) open.pinged = false;
        });
      }
    },
    closeAll() {
      for (const { session } of all) session.close();
    },
    destroyAll() {
      for (const open of all) destroy(open);
    },
    size: () => all.size,
  };
}
