import { expect, it } from 'vitest';
import type { Exchange, ExchangeCount } from './exchange.ts';
import { createInFlight } from './in-flight.ts';

function exchange(method: string, url = '/api/v1/pods', hasBody = false) {
  let count: ExchangeCount | undefined;
  let body: ((refusable: boolean) => void) | undefined;
  const it = {
    method,
    url,
    hasBody,
    countIn(counted: ExchangeCount) {
      count = counted;
      counted.current++;
    },
    onBody(listener: (refusable: boolean) => void) {
      body = listener;
    },
  };
  return {
    exchange: it as unknown as Exchange,
    answer() {
      if (count !== undefined) count.current--;
    },
    arrive: (refusable = true) => body?.(refusable),
  };
}

const refusal = { reason: 'TooManyRequests', code: 429, message: 'Too many requests, please try again later.' };

it('refuses what is beyond the maximum of its kind, until one is answered, and counts what it refuses', () => {
  const inFlight = createInFlight({ readOnlyMax: 1, mutatingMax: 1 });
  const first = exchange('GET');
  inFlight.admit(first.exchange, false);
  expect(() => inFlight.admit(exchange('HEAD').exchange, false)).toThrow(expect.objectContaining(refusal));
  inFlight.admit(exchange('DELETE').exchange, false);
  expect(() => inFlight.admit(exchange('DELETE').exchange, false)).toThrow(expect.objectContaining(refusal));
  first.answer();
  inFlight.admit(exchange('GET').exchange, false);
  expect(inFlight.sizes()).toMatchObject({
    readOnly: { current: 1, dropped: 1 },
    mutating: { current: 1, dropped: 1 },
  });
});

it('watches do not count, in any form that is served as one, and nothing else passes for a watch', () => {
  const inFlight = createInFlight({ readOnlyMax: 1, mutatingMax: 1 });
  for (const url of ['/api/v1/pods?watch=true', '/api/v1/pods?a=b&watch=1', '/clusters/a/apis/g/v1/watch/pods'])
    inFlight.admit(exchange('GET', url).exchange, false);
  expect(inFlight.sizes().readOnly.current).toBe(0);
  const lists = ['watch=false', 'watch=0', '%77atch=false&watch=true', 'notwatch=true'].map(
    (query) => `/api/v1/pods?${query}`,
  );
  for (const url of [...lists, '/api/v1/namespaces/watch/pods']) {
    const list = exchange('GET', url);
    inFlight.admit(list.exchange, false);
    expect(inFlight.sizes().readOnly.current, url).toBe(1);
    list.answer();
  }
  inFlight.admit(exchange('DELETE', '/api/v1/pods?watch=true').exchange, false);
  expect(inFlight.sizes().mutating.current).toBe(1);
});

it('exempt requests get through when there is no room, and 0 means no limit', () => {
  const inFlight = createInFlight({ readOnlyMax: 1, mutatingMax: 0 });
  for (let index = 0; index < 5; index++) {
    inFlight.admit(exchange('GET').exchange, true);
    inFlight.admit(exchange('POST').exchange, false);
  }
  expect(inFlight.sizes()).toMatchObject({ readOnly: { current: 5 }, mutating: { current: 5 } });
});

it('a request with a body counts when the body has arrived, and may be refused then', () => {
  const inFlight = createInFlight({ readOnlyMax: 1, mutatingMax: 1 });
  const posts = Array.from({ length: 3 }, () => exchange('POST', '/api/v1/pods', true));
  for (const post of posts) inFlight.admit(post.exchange, false);
  expect(inFlight.sizes().mutating.current).toBe(0);
  posts[0]?.arrive();
  expect(inFlight.sizes().mutating.current).toBe(1);
  expect(() => posts[1]?.arrive()).toThrow(expect.objectContaining(refusal));
  // What was handed on already is counted all the same.
  posts[2]?.arrive(false);
  expect(inFlight.sizes().mutating.current).toBe(2);
});
