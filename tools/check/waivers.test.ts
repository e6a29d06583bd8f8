import { expect, it } from 'vitest';
import type { Finding } from './finding.ts';
import { projectOf, texts } from './project.fixture.ts';
import { applyWaivers } from './waivers.ts';

const path = 'libs/api/a.ts';

function left(text: string, findings: readonly Pick<Finding, 'rule' | 'line'>[]): readonly string[] {
  return texts(
    applyWaivers(
      projectOf({ [path]: text }),
      findings.map((finding) => ({ ...finding, path, message: 'found' })),
    ),
  );
}

it('a waiver allows what its rule finds in its line and in the next one', () => {
  const text = '// check-allow global -- it is the clock\nDate.now();\nDate.now(); // check-allow global -- so is this';
  expect(
    left(text, [
      { rule: 'global', line: 2 },
      { rule: 'global', line: 3 },
    ]),
  ).toEqual([]);
  expect(left(`\n\n${text}\n`, [{ rule: 'layer', line: 4 }])[0]).toBe('libs/api/a.ts:4: found (layer)');
});

it('a waiver of a rule about whole files may stand anywhere in the file', () => {
  expect(left('a();\n\n// check-allow file-length -- one table\nb();', [{ rule: 'file-length', line: 1 }])).toEqual([]);
});

it('a waiver that is unused, without a reason or of no rule is found', () => {
  const text = '// check-allow global -- no longer\n\n// check-allow layer\n\n// check-allow nothing -- why\n';
  expect(left(text, [{ rule: 'layer', line: 4 }])).toEqual([
    'libs/api/a.ts:1: Nothing here needs a waiver of global: remove it (waiver)',
    'libs/api/a.ts:3: A waiver needs a reason: // check-allow <rule> -- reason (waiver)',
    'libs/api/a.ts:5: There is no rule nothing (waiver)',
  ]);
});

it('text that looks like a waiver inside a string is none', () => {
  expect(left("const text = '// check-allow global -- no';", [{ rule: 'global', line: 1 }])).toEqual([
    'libs/api/a.ts:1: found (global)',
  ]);
});
