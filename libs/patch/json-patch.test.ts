import { StatusError } from '@kcp-ts/api';
import fc from 'fast-check';
import oracle from 'fast-json-patch';
import { expect, it } from 'vitest';
import { applyJsonPatch } from './json-patch.ts';
import { applyMergePatch } from './merge-patch.ts';

const keys = fc.constantFrom('a', 'b', 'c/d', 'e~f', '0');
const { value: values } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    fc.constantFrom(1, 'x', true),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(keys, tie('value'), { maxKeys: 3, noNullPrototype: true }),
  ),
}));
const objects = fc.dictionary(keys, values, { maxKeys: 4, noNullPrototype: true });

/**
 * What the other library makes of a patch. A move is taken as RFC 6902 defines it (section 4.4), as
 * a remove and an add, and a copy as an add (4.5): the library itself does not check whether the
 * index to add at is inside the list.
 */
function patchedByOracle(object: Record<string, unknown>, patch: readonly RandomOperation[]): unknown {
  let document: unknown = structuredClone(object);
  const apply = (operation: unknown) => {
    document = oracle.applyOperation(document, operation as oracle.Operation, true).newDocument;
  };
  for (const operation of structuredClone(patch)) {
    const { op, from, path } = operation;
    if (from === undefined) {
      apply(operation);
      continue;
    }
    if (op === 'move' && path.startsWith(`${from}/`)) throw new Error('a value cannot be moved into itself');
    const get: { op: '_get'; path: string; value?: unknown } = { op: '_get', path: from };
    apply(get);
    if (op === 'move') apply({ op: 'remove', path: from });
    apply({ op: 'add', path, value: structuredClone(get.value) });
  }
  return document;
}

interface RandomOperation {
  readonly op: string;
  readonly path: string;
  readonly from?: string;
}

it('turns one object into another by the patch that another library makes', () => {
  fc.assert(
    fc.property(objects, objects, (from, to) => {
      const before = JSON.stringify(from);
      expect(applyJsonPatch(from, oracle.compare(from, to))).toEqual(to);
      expect(JSON.stringify(from)).toBe(before);
    }),
  );
});

it('gives what another library gives for random operations, or refuses with it', () => {
  const paths = fc.array(fc.constantFrom('a', 'b', 'c~1d', 'e~0f', '0', '1', '-'), { minLength: 1, maxLength: 3 });
  const pointers = paths.map((path) => `/${path.join('/')}`);
  const operations: fc.Arbitrary<RandomOperation> = fc.oneof(
    fc.record({ op: fc.constantFrom('add', 'replace', 'test'), path: pointers, value: values }),
    fc.record({ op: fc.constant('remove'), path: pointers }),
    fc.record({ op: fc.constantFrom('move', 'copy'), from: pointers, path: pointers }),
  );
  let applied = 0;
  fc.assert(
    fc.property(objects, fc.array(operations, { maxLength: 4 }), (object, patch) => {
      let wanted: unknown;
      try {
        wanted = patchedByOracle(object, patch);
      } catch {
        // What an object does not have can be replaced and copied, as in Kubernetes.
        if (patch.some(({ op }) => op === 'replace' || op === 'copy')) return;
        expect(() => applyJsonPatch(object, patch)).toThrow(StatusError);
        return;
      }
      applied++;
      expect(applyJsonPatch(object, patch)).toEqual(wanted);
    }),
    { numRuns: 2000 },
  );
  expect(applied).toBeGreaterThan(100);
});

it('refuses more than 10,000 operations', () => {
  const patch = Array.from({ length: 10_001 }, () => ({ op: 'test', path: '/a', value: 1 }));
  expect(() => applyJsonPatch({ a: 1 }, patch)).toThrow(
    'Request entity is too large: The allowed maximum operations in a JSON patch is 10000, got 10001',
  );
});

it('refuses copies that double an object again and again', () => {
  const patch = Array.from({ length: 40 }, (_, index) => ({ op: 'copy', from: '/a', path: `/a/k${index}` }));
  expect(() => applyJsonPatch({ a: { text: 'x'.repeat(1000) } }, patch)).toThrow('copy operations may add at most');
});

it('never reaches a prototype', () => {
  const patch = [{ op: 'add', path: '/__proto__/polluted', value: 1 }];
  expect(() => applyJsonPatch({}, patch)).toThrow(StatusError);
  const merged = applyMergePatch({}, JSON.parse('{"__proto__": {"polluted": 1}, "constructor": {"x": 1}}'));
  expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  expect(JSON.stringify(merged)).toBe('{"__proto__":{"polluted":1},"constructor":{"x":1}}');
});
