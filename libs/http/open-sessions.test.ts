import { EventEmitter } from 'node:events';
import type { Http2Session } from 'node:http2';
import type { Duplex } from 'node:stream';
import { expect, it } from 'vitest';
import { createOpenSessions } from './open-sessions.ts';

function open(sessions: ReturnType<typeof createOpenSessions>) {
  const pongs: ((error: Error | null) => void)[] = [];
  const session = {
    destroyed: false,
    ping(pong: (error: Error | null) => void) {
      if (session.destroyed) throw new Error('ERR_HTTP2_INVALID_SESSION');
      pongs.push(pong);
      return true;
    },
    destroy() {
      session.destroyed = true;
    },
  };
  const socket = Object.assign(new EventEmitter(), {
    destroyed: false,
    destroy() {
      socket.destroyed = true;
      socket.emit('close');
    },
  });
  sessions.add(session as unknown as Http2Session, socket as unknown as Duplex);
  return { session, socket, pongs };
}

it('a session that does not answer a ping is destroyed with its socket, and one that does is kept', () => {
  const sessions = createOpenSessions();
  const [alive, dead] = [open(sessions), open(sessions)];
  sessions.ping();
  alive.pongs[0]?.(null);
  sessions.ping();
  expect([alive.socket.destroyed, dead.socket.destroyed]).toEqual([false, true]);
  expect([alive.pongs.length, dead.pongs.length, sessions.size()]).toEqual([2, 1, 1]);
});

it('the socket of a destroyed session is destroyed with the second sweep, and pings leave it alone', () => {
  const sessions = createOpenSessions();
  const { session, socket } = open(sessions);
  session.destroy();
  sessions.ping();
  sessions.sweep();
  expect(socket.destroyed).toBe(false);
  sessions.sweep();
  expect([socket.destroyed, sessions.size()]).toEqual([true, 0]);
});
