import { expect, it } from 'vitest';
import { converterProblem, formatGo } from './strategic-problem.ts';

it('prints values as Go does', () => {
  expect(formatGo({ b: [1, 'x', null, true], a: { c: {} } })).toBe('map[a:map[c:map[]] b:[1 x <nil> true]]');
});

it.each([
  ['number into Go struct field ConfigMap.data of type map[string]string', 'cannot restore map from int64'],
  ['object into Go struct field ServiceAccount.secrets of type []v1.ObjectReference', 'cannot restore slice from map'],
  ['string into Go struct field LeaseSpec.spec of type v1.LeaseSpec', 'cannot restore struct from: string'],
  ['number into Go struct field ObjectMeta.metadata.name of type string', 'cannot convert int64 to string'],
  ['bool into Go struct field ObjectMeta.metadata.name of type string', 'unrecognized type: string'],
  ['string into Go struct field LeaseSpec.spec.leaseTransitions of type int32', 'unrecognized type: int32'],
  ['number 1.5 into Go struct field LeaseSpec.spec.leaseTransitions of type int32', 'cannot convert float64 to int32'],
])('json: cannot unmarshal %s', (text, words) => {
  expect(converterProblem(`json: cannot unmarshal ${text}`)).toBe(words);
});

it('leaves other problems as they are', () => {
  expect(converterProblem('strict decoding error: unknown field "x"')).toBe('strict decoding error: unknown field "x"');
});
