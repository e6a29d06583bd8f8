import { expect, it } from 'vitest';
import { chosenOf } from './choices.ts';

const spec = { choices: ['a', 'b', 'c'], default: ['a', 'b'] };

it.each([
  [[], ['a', 'b']],
  [['+c'], ['a', 'b', 'c']],
  [['-a'], ['b']],
  [['c'], ['c']],
  [['c', '+a', '-c'], ['a']],
])('%j chooses %j', (items, chosen) => {
  expect([...chosenOf(spec, items, '--letters')].sort()).toEqual(chosen);
});

it.each(['d', '+d', '-d'])('refuses %s, which is no choice', (item) => {
  expect(() => chosenOf(spec, ['a', item], '--letters')).toThrow('--letters knows a, b, c, not "d"');
});
