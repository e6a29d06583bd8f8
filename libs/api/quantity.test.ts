import { expect, it } from 'vitest';
import { compareQuantities, formatQuantity, parseQuantity } from './quantity.ts';

function canonical(text: string): string | undefined {
  const quantity = parseQuantity(text);
  return quantity === undefined ? undefined : formatQuantity(quantity);
}

it('texts come back in their canonical form', () => {
  const pairs: Record<string, string> = {
    '0': '0',
    '0Mi': '0',
    '1.5': '1500m',
    '1000': '1k',
    '1500': '1500',
    '1024Ki': '1Mi',
    '1.5Gi': '1536Mi',
    '0.5Mi': '512Ki',
    '100m': '100m',
    '0.001': '1m',
    '1e3': '1e3',
    '12e6': '12e6',
    '-5k': '-5k',
    '+3': '3',
    '.5': '500m',
    '1.0': '1',
    '0.0000000001': '1n',
    '1E': '1E',
    '2000000': '2M',
  };
  expect(Object.fromEntries(Object.keys(pairs).map((text) => [text, canonical(text)]))).toEqual(pairs);
});

it('other texts are no quantities', () => {
  expect(['', 'Mi', '1.2.3', '1 k', '1kk', 'x', '--1', '.', '1Kib'].map(canonical)).toEqual(Array(9).fill(undefined));
});

it('values compare across suffixes', () => {
  const compare = (a: string, b: string): number | undefined => {
    const [left, right] = [parseQuantity(a), parseQuantity(b)];
    return left === undefined || right === undefined ? undefined : compareQuantities(left, right);
  };
  expect(compare('1Ki', '1024')).toBe(0);
  expect(compare('1k', '1Ki')).toBe(-1);
  expect(compare('1', '999m')).toBe(1);
});
