import { expect, it } from 'vitest';
import { countLikePlaces } from './measure.ts';

it('six like lines in two places are one pair, however long the run', () => {
  const block = Array.from({ length: 9 }, (_, index) => `doSomething(${index});`).join('\n');
  expect(
    countLikePlaces([
      { path: 'a', text: block },
      { path: 'b', text: `other();\n${block}` },
    ]),
  ).toBe(1);
  expect(
    countLikePlaces([
      { path: 'a', text: block },
      { path: 'b', text: 'nothing();\n'.repeat(3) },
    ]),
  ).toBe(0);
});
