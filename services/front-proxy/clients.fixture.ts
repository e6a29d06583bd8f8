/** Clients of both HTTP versions, for tests: one request each, over a connection of its own. */
import type { OutgoingHttpHeaders } from 'node:http';
import { connect } from 'node:http2';
import { Agent, request } from 'node:https';
import type { Readable, Writable } from 'node:stream';

export interface ClientTls {
  readonly ca: string;
  readonly cert?: string;
  readonly key?: string;
}

export interface ClientRequest {
  readonly url: string;
  readonly tls: ClientTls;
  readonly method?: string;
  readonly headers?: OutgoingHttpHeaders;
}

/** An answer whose body has not been read. */
export interface OpenAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: Readable;
  /** Breaks the connection off. */
  abort(): void;
}

export interface OpenRequest {
  readonly body: Writable;
  readonly answer: Promise<OpenAnswer>;
  abort(): void;
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: string;
}

export type OpenClient = (what: ClientRequest) => OpenRequest;

const openHttp1: OpenClient = ({ url, tls, method = 'GET', headers = {} }) => {
  const agent = new Agent({ ...tls });
  const sent = request(url, { method, headers, agent });
  const abort = () => agent.destroy();
  sent.on('error', () => undefined);
  const answer = new Promise<OpenAnswer>((resolve, reject) => {
    sent.on('error', reject);
    sent.on('response', (response) => {
      response.once('close', abort);
      resolve({ status: response.statusCode ?? 0, headers: response.headers, body: response, abort });
    });
  });
  return { body: sent, answer, abort };
};

const openHttp2: OpenClient = ({ url, tls, method = 'GET', headers = {} }) => {
  const { origin, pathname, search } = new URL(url);
  const session = connect(origin, { ...tls });
  session.on('error', () => undefined);
  const endStream = method === 'GET' || method === 'HEAD';
  const stream = session.request({ ':path': `${pathname}${search}`, ':method': method, ...headers }, { endStream });
  const abort = () => session.destroy();
  stream.once('close', () => session.close());
  const answer = new Promise<OpenAnswer>((resolve, reject) => {
    stream.on('error', reject);
    session.on('error', reject);
    stream.on('response', (head) =>
      resolve({ status: Number(head[':status']), headers: { ...head }, body: stream, abort }),
    );
  });
  return { body: stream, answer, abort };
};

export const openClients: readonly (readonly [string, OpenClient])[] = [
  ['h2', openHttp2],
  ['http/1.1', openHttp1],
];

/** A whole answer; rejects when it is cut off. */
export async function ask(open: OpenClient, what: ClientRequest, body?: string | Buffer): Promise<Answer> {
  const sent = open(what);
  if (what.method !== undefined && what.method !== 'GET' && what.method !== 'HEAD') sent.body.end(body);
  else if (open === openHttp1) sent.body.end();
  const { status, headers, body: answer } = await sent.answer;
  const chunks: Buffer[] = [];
  for await (const chunk of answer) chunks.push(chunk as Buffer);
  return { status, headers, body: Buffer.concat(chunks).toString() };
}
