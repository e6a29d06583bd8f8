import { PassThrough } from 'node:stream';
import { expect, it } from 'vitest';
import type { BodyStream } from './exchange.ts';
import { createFrameReader, createWebSocketBody, isWebSocketUpgrade, webSocketHead } from './web-socket.ts';

const key = 'dGhlIHNhbXBsZSBub25jZQ==';
const headers = { upgrade: 'websocket', host: 'kcp:6443', 'sec-websocket-version': '13', 'sec-websocket-key': key };
const url = '/api/v1/configmaps?watch=1';

it('accepts with the answer to the key, and the one protocol that is offered', () => {
  // The key and its answer are those of RFC 6455, 1.3.
  expect(webSocketHead({ headers })).toContain('Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n');
  expect(webSocketHead({ headers: { ...headers, 'sec-websocket-protocol': 'one' } })).toContain('Protocol: one\r\n');
  expect(webSocketHead({ headers: { ...headers, 'sec-websocket-protocol': 'one, two' } })).not.toContain('Protocol:');
});

it.each([
  ['a list', { url: '/api/v1/configmaps' }],
  ['what is asked not to be a watch', { url: '/api/v1/configmaps?watch=false' }],
  ['another method', { method: 'POST' }],
  ['another protocol', { headers: { ...headers, upgrade: 'h2c' } }],
  ['another version', { headers: { ...headers, 'sec-websocket-version': '8' } }],
  ['a key that is none', { headers: { ...headers, 'sec-websocket-key': 'short' } }],
  ['a page of another site', { headers: { ...headers, origin: 'https://evil.example' } }],
  ['a page of no site', { headers: { ...headers, origin: 'null' } }],
])('does not upgrade for %s', (_name, change) => {
  expect(isWebSocketUpgrade({ method: 'GET', url, headers, ...change })).toBe(false);
});

it.each([url, '/api/v1/watch/configmaps', '/x?a=b&watch=true', '/x?watch=True&b'])('upgrades for %s', (path) => {
  expect(isWebSocketUpgrade({ method: 'GET', url: path, headers })).toBe(true);
  expect(isWebSocketUpgrade({ method: 'GET', url: path, headers: { ...headers, origin: 'http://kcp' } })).toBe(true);
});

function masked(first: number, payload: Uint8Array): Buffer {
  const mask = Buffer.from([1, 2, 3, 4]);
  const length =
    payload.byteLength < 126
      ? [0x80 | payload.byteLength]
      : [0xfe, payload.byteLength >>> 8, payload.byteLength & 0xff];
  return Buffer.concat([Buffer.from([first, ...length]), mask, payload.map((byte, i) => byte ^ (mask[i % 4] ?? 0))]);
}

function read(chunks: readonly Uint8Array[]): string[] {
  const reported: string[] = [];
  const reader = createFrameReader({
    ping: (payload) => reported.push(`ping ${Buffer.from(payload)}`),
    close: (code) => reported.push(`close ${code}`),
  });
  for (const chunk of chunks) reader(chunk);
  return reported;
}

it('reads what a client sends in whatever pieces it comes, and drops its messages', () => {
  const sent = Buffer.concat([
    masked(0x89, Buffer.from('a')),
    masked(0x81, Buffer.alloc(300, 0x89)),
    masked(0x01, Buffer.from('begun')),
    masked(0x89, Buffer.from('b'.repeat(125))),
    masked(0x80, Buffer.from('ended')),
    masked(0x8a, Buffer.from('pong')),
    masked(0x88, Buffer.from([3, 232])),
    masked(0x89, Buffer.from('late')),
  ]);
  const expected = ['ping a', `ping ${'b'.repeat(125)}`, 'close 1000'];
  expect(read([sent])).toEqual(expected);
  expect(read([...sent].map((byte) => Uint8Array.of(byte)))).toEqual(expected);
  expect(read([sent.subarray(0, 100), sent.subarray(100, 420), sent.subarray(420)])).toEqual(expected);
});

it.each([
  ['is not masked', Buffer.from([0x89, 0])],
  ['uses reserved bits', masked(0xc9, Buffer.from('a'))],
  ['is a control frame of more than 125 bytes', masked(0x89, Buffer.alloc(126))],
])('closes for a frame that %s', (_name, frame) => {
  expect(read([frame])).toEqual(['close 1002']);
});

function body() {
  const written: Buffer[] = [];
  let ended = false;
  const target = {
    write: (chunk: Uint8Array) => written.push(Buffer.from(chunk)) > 0,
    end: () => {
      ended = true;
    },
  } as unknown as BodyStream;
  const socket = new PassThrough();
  const stream = createWebSocketBody(target, socket, Buffer.alloc(0));
  return { stream, socket, sent: () => Buffer.concat(written), ended: () => ended };
}

it('sends each line as a message, however the bytes are cut', () => {
  for (const size of [1, 3, 1_000_000]) {
    const { stream, sent } = body();
    const long = 'x'.repeat(70_000);
    const middle = 'y'.repeat(200);
    const bytes = Buffer.from(`{"a":1}\n${middle}\n\n${long}\nhalf`);
    for (let at = 0; at < bytes.byteLength; at += size) stream.write(bytes.subarray(at, at + size));
    expect(
      sent().equals(
        Buffer.concat([
          Buffer.from([0x81, 7]),
          Buffer.from('{"a":1}'),
          Buffer.from([0x81, 126, 0, 200]),
          Buffer.from(middle),
          Buffer.from([0x81, 127, 0, 0, 0, 0, 0, 1, 0x11, 0x70]),
          Buffer.from(long),
        ]),
      ),
    ).toBe(true);
  }
});

it('answers a ping and a close', () => {
  const { socket, sent, ended } = body();
  socket.emit('data', masked(0x89, Buffer.from('hi')));
  expect([...sent()]).toEqual([0x8a, 2, 0x68, 0x69]);
  socket.emit('data', masked(0x88, Buffer.from([3, 232])));
  expect([...sent().subarray(4)]).toEqual([0x88, 2, 3, 232]);
  expect(ended()).toBe(true);
});
