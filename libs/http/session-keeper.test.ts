import { EventEmitter } from 'node:events';
import type { Http2Session } from 'node:http2';
import { expect, it } from 'vitest';
import { createSessionKeeper } from './session-keeper.ts';

function createSession() {
  const pongs: (() => void)[] = [];
  const log: string[] = [];
  const session = Object.assign(new EventEmitter(), {
    ping: (pong: () => void) => pongs.push(pong) > 0,
    destroy: () => {
      log.push('destroyed');
      session.emit('close');
    },
  });
  return { session: session as unknown as Http2Session, pongs, log };
}

it('the keeper drops a session that does not answer, and keeps one that does', () => {
  const keeper = createSessionKeeper();
  const alive = createSession();
  const dead = createSession();
  keeper.add(alive.session);
  keeper.add(dead.session);
  keeper.sweep();
  alive.pongs[0]?.();
  keeper.sweep();
  expect([alive.log, dead.log]).toEqual([[], ['destroyed']]);
  expect([alive.pongs.length, dead.pongs.length]).toEqual([2, 1]);
});
