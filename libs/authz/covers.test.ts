import { StatusError } from '@kcp-ts/api';
import { threadCpuMs } from '@kcp-ts/testing';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { uncoveredRules } from './covers.ts';
import type { PolicyRule } from './rule-source.ts';

const some = (...values: string[]) => fc.subarray(values, { minLength: 1 });
const rule: fc.Arbitrary<PolicyRule> = fc.oneof(
  fc.record({
    verbs: some('get', 'list', '*'),
    apiGroups: some('', 'apps', '*'),
    resources: some('pods', 'pods/log', '*/log', '*'),
    resourceNames: fc.subarray(['a', 'b']),
  }),
  fc.record({ verbs: some('get', '*'), nonResourceURLs: some('/', '/a', '/a/*', '*') }),
);

/** Kubernetes' comparison, every piece with every rule. */
function naive(held: readonly PolicyRule[], asked: readonly PolicyRule[]): PolicyRule[] {
  const all = (own: readonly string[] = [], wanted: readonly string[] = []) =>
    own.includes('*') || wanted.every((value) => own.includes(value));
  const covers = (own: PolicyRule, wanted: PolicyRule) =>
    all(own.verbs, wanted.verbs) &&
    all(own.apiGroups, wanted.apiGroups) &&
    (wanted.resources ?? []).every(
      (resource) =>
        all(own.resources, [resource]) ||
        (resource.includes('/') && (own.resources ?? []).includes(`*${resource.slice(resource.indexOf('/'))}`)),
    ) &&
    (wanted.nonResourceURLs ?? []).every((url) =>
      (own.nonResourceURLs ?? []).some(
        (prefix) => prefix === url || (prefix.endsWith('*') && url.startsWith(prefix.slice(0, -1))),
      ),
    ) &&
    ((own.resourceNames ?? []).length === 0 ||
      ((wanted.resourceNames ?? []).length > 0 &&
        (wanted.resourceNames ?? []).every((name) => own.resourceNames?.includes(name))));
  const pieces = asked
    .filter((whole) => !held.some((own) => covers(own, whole)))
    .flatMap(({ verbs, apiGroups = [], resources = [], resourceNames = [], nonResourceURLs = [] }) => [
      ...apiGroups.flatMap((group) =>
        resources.flatMap((resource) =>
          verbs.flatMap((verb): PolicyRule[] => {
            const base = { apiGroups: [group], resources: [resource], verbs: [verb] };
            return resourceNames.length === 0
              ? [base]
              : resourceNames.map((name) => ({ ...base, resourceNames: [name] }));
          }),
        ),
      ),
      ...nonResourceURLs.flatMap((url) => verbs.map((verb) => ({ nonResourceURLs: [url], verbs: [verb] }))),
    ]);
  return pieces.filter((piece) => !held.some((own) => covers(own, piece)));
}

describe('uncovered rules', () => {
  it('are those that a comparison of every piece with every rule finds', () => {
    fc.assert(
      fc.property(fc.array(rule, { maxLength: 4 }), fc.array(rule, { maxLength: 3 }), (held, asked) => {
        expect(uncoveredRules(held, asked)).toEqual(naive(held, asked));
      }),
      { numRuns: 1_000 },
    );
  });

  const names = (prefix: string, count: number) => Array.from({ length: count }, (_, i) => `${prefix}${i}`);
  const wide = (index: number): PolicyRule => ({
    verbs: names(`v${index}-`, 21),
    apiGroups: names('g', 21),
    resources: names('r', 21),
  });
  const took = (work: () => void) => {
    const begin = threadCpuMs();
    try {
      work();
    } catch (thrown) {
      expect(thrown).toBeInstanceOf(StatusError);
      expect((thrown as StatusError).reason).toBe('RequestEntityTooLarge');
    }
    return threadCpuMs() - begin;
  };

  it('are found or refused in bounded time, whatever is held and asked', () => {
    const many = Array.from({ length: 200 }, (_, index) => wide(index));
    expect(uncoveredRules([], many).length).toBeLessThanOrEqual(2_100);
    const split = many.flatMap((whole) => [
      { ...whole, verbs: whole.verbs.slice(0, 10) },
      { ...whole, verbs: whole.verbs.slice(10) },
    ]);
    const named = Array.from({ length: 1_000 }, (_, index) => ({
      ...wide(0),
      verbs: ['get'],
      resourceNames: names(`n${index}-`, 20),
    }));
    const urls = { verbs: ['get'], nonResourceURLs: names('/u', 20_000) };
    for (const [held, asked] of [
      [split, many],
      [named, named.map((each) => ({ ...each, verbs: ['get', 'list'] }))],
      [[urls], [{ ...urls, verbs: ['get', 'put'] }]],
      [urls.nonResourceURLs.map((url) => ({ ...urls, nonResourceURLs: [url] })), [urls]],
    ] as const)
      expect(Math.min(...[1, 2, 3].map(() => took(() => uncoveredRules(held, asked))))).toBeLessThan(250);
  });
});
