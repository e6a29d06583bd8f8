import { describe, expect, it } from 'vitest';
import { createAcceptReader, negotiate, parseAccept } from './negotiate.ts';

const json = { type: 'application/json' };
const yaml = { type: 'application/yaml' };
const table = { type: 'application/json', parameters: { as: 'Table', v: 'v1', g: 'meta.k8s.io' } };
const offers = [json, yaml, table];
const choose = (accept: string) => negotiate(parseAccept(accept), offers);

describe('negotiate', () => {
  it.each([
    ['', json],
    ['*/*', json],
    ['application/*', json],
    ['application/yaml', yaml],
    ['APPLICATION/JSON', json],
    [
      'application/json;as=Table;v=v1;g=meta.k8s.io,application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json',
      table,
    ],
    ['application/json;as=Table;v=v2;g=meta.k8s.io,application/json', json],
    ['application/vnd.kubernetes.protobuf,application/json', json],
    ['application/json; charset=utf-8', json],
    ['application/json;q=0.5, application/yaml', yaml],
    ['text/html, */*;q=0.1', json],
    ['text/csv', undefined],
    ['application/vnd.kubernetes.protobuf', undefined],
    ['application/json;q=0', undefined],
    ['nonsense', undefined],
    ['a/b/c, application/yaml', yaml],
    ['application/json;note="a,b;c=\\"d", application/yaml;q=0.1', json],
  ])('answers %j with the right offer', (accept, expected) => {
    expect(choose(accept)).toBe(expected);
  });

  it('prefers what is asked for precisely', () => {
    expect(choose('*/*, application/yaml')).toBe(yaml);
  });

  it('reads discovery and streaming parameters', () => {
    const [first, second] = parseAccept(
      'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json;stream=watch',
    );
    expect({ ...first?.parameters }).toEqual({ g: 'apidiscovery.k8s.io', v: 'v2', as: 'APIGroupDiscoveryList' });
    expect({ ...second?.parameters }).toEqual({ stream: 'watch' });
  });

  it('reads the same header once', () => {
    const read = createAcceptReader();
    expect(read('application/json')).toBe(read('application/json'));
    expect(read(undefined)).toBe(read(''));
  });

  it('looks at a bounded part of a very long header', () => {
    expect(parseAccept('a/b,'.repeat(100_000)).length).toBeLessThanOrEqual(50);
  });
});
