import type { Http2Session } from 'node:http2';

/** All open HTTP/2 sessions of a server: asks them for signs of life together and ends them together. */
export interface SessionKeeper<S extends Http2Session> {
  add(session: S): void;
  /** Drops those that have not answered the last sweep's ping, pings the others. */
  sweep(): void;
  closeAll(): void;
  destroyAll(): void;
}

export function createSessionKeeper<S extends Http2Session>(): SessionKeeper<S> {
  /** Whether a ping is on its way. */
  const sessions = new Map<S, boolean>();
  return {
    add(session) {
      sessions.set(session, false);
      session.once('close', () => sessions.delete(session));
    },
    sweep() {
      for (const [session, unanswered] of sessions) {
        if (unanswered) {
          session.destroy();
          continue;
        }
        const sent = session.ping(() => {
          if (sessions.has(session)) sessions.set(session, false);
        });
        if (sent) sessions.set(session, true);
      }
    },
    closeAll() {
      for (const session of sessions.keys()) session.close();
    },
    destroyAll() {
      for (const session of sessions.keys()) session.destroy();
    },
  };
}
