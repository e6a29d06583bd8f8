import { expect, it } from 'vitest';
import type { Flow } from './flow.ts';
import { createFlows } from './flow.ts';
import { defaultHttpLimits } from './limits.ts';
import { anonymousPeer } from './queue.fixture.ts';
import type { UnsentAnswer } from './unsent-answers.ts';
import { createUnsentAnswers, taken } from './unsent-answers.ts';

function at() {
  let nowMs = 0;
  const freed: Flow[] = [];
  const limits = {
    ...defaultHttpLimits,
    unsentBytesPerClientMax: 200_000,
    unsentBytesMax: 1_000_000,
    stallTimeoutMs: 100,
  };
  const unsent = createUnsentAnswers({ limits, now: () => nowMs, freed: (flow) => void freed.push(flow) });
  const connections = createFlows(() => false);
  const givenUp: UnsentAnswer[] = [];
  return {
    unsent,
    freed,
    givenUp,
    client: () => connections(anonymousPeer).flowOf(undefined),
    answer(flow: Flow, bytes: number): UnsentAnswer {
      const answer: UnsentAnswer = {
        flow,
        unsentBytes: 0,
        unsentSinceMs: taken,
        giveUp: () => void givenUp.push(answer),
      };
      unsent.add(answer, bytes);
      return answer;
    },
    pass(ms: number) {
      nowMs += ms;
    },
  };
}

it('bytes are counted for the client and in all, and are back to zero when all is taken or gone', () => {
  const { unsent, client, answer, freed } = at();
  const flow = client();
  const [one, two] = [answer(flow, 100), answer(flow, 200)];
  unsent.change(one, 50);
  unsent.change(two, 500);
  expect([flow.unsentBytes, unsent.bytes()]).toEqual([550, 550]);
  unsent.remove(one);
  unsent.remove(one);
  unsent.change(one, 9_000);
  unsent.remove(two);
  expect([flow.unsentBytes, unsent.bytes()]).toEqual([0, 0]);
  // Of the first: fewer bytes, then none; of the second: none.
  expect(freed).toEqual([flow, flow, flow]);
});

it('an answer that is not taken in time is given up, though its bytes change all the while', () => {
  const { unsent, client, answer, pass, givenUp } = at();
  const flow = client();
  const old = answer(flow, 100);
  pass(60);
  const young = answer(flow, 100);
  unsent.change(old, 120);
  pass(60);
  unsent.sweep();
  expect(givenUp).toEqual([old]);
  expect([flow.unsentBytes, unsent.bytes()]).toEqual([100, 100]);
  unsent.remove(young);
  unsent.sweep();
  expect(givenUp).toEqual([old]);
});

it('a client that leaves too much loses its own oldest answers, and others lose nothing', () => {
  const { unsent, client, answer, givenUp } = at();
  const [loud, quiet] = [client(), client()];
  const other = answer(quiet, 1_000);
  const first = answer(loud, 90_000);
  const second = answer(loud, 90_000);
  const third = answer(loud, 90_000);
  expect(givenUp).toEqual([first]);
  unsent.change(third, 190_000);
  expect(givenUp).toEqual([first, second]);
  expect([loud.unsentBytes, quiet.unsentBytes, unsent.bytes()]).toEqual([190_000, 1_000, 191_000]);
  expect(other.unsentSinceMs).not.toBe(taken);
});

it('past what all may leave the oldest answers go, but not those of clients that leave next to nothing', () => {
  const { unsent, client, answer, givenUp } = at();
  const small = answer(client(), 1_000);
  const large = Array.from({ length: 12 }, () => answer(client(), 100_000));
  expect(givenUp).toEqual(large.slice(0, 3));
  expect(small.unsentSinceMs).not.toBe(taken);
  expect(unsent.bytes()).toBeLessThanOrEqual(1_000_000);
});
