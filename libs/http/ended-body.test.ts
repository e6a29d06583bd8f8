/** A body that ended before anybody read it is an empty body, not one that is still to come. */
import { once } from 'node:events';
import type { ClientHttp2Stream } from 'node:http2';
import { PassThrough, Readable } from 'node:stream';
import { expect, it } from 'vitest';
import type { Deadlines } from './deadlines.ts';
import type { Exchange } from './exchange.ts';
import { takeIncoming } from './incoming.ts';
import { readBody } from './read-body.ts';
import { relayBody } from './relay.ts';

/**
 * As Node leaves the body of a request whose END_STREAM came in a frame of its own before anybody
 * listened.
 */
async function endedBody(): Promise<Readable> {
  const source = new Readable({ read: () => undefined });
  source.push(null);
  source.read(0);
  await once(source, 'end');
  return source;
}

it('a body that ended unread is read as empty at once', async () => {
  const deadlines: Pick<Deadlines, 'add' | 'remove'> = {
    add(late) {
      late();
    },
    remove: () => undefined,
  };
  expect(await readBody(await endedBody(), undefined, 10, deadlines as Deadlines, () => undefined)).toEqual(
    Buffer.alloc(0),
  );
});

it('a body that ended unread is handed on as empty', async () => {
  const stream = new PassThrough();
  const source = await endedBody();
  relayBody({ [takeIncoming]: () => source } as unknown as Exchange, stream as unknown as ClientHttp2Stream);
  expect(stream.writableEnded).toBe(true);
});
