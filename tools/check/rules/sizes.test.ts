import { expect, it } from 'vitest';
import { projectOf, texts } from '../project.fixture.ts';
import { checkSizes } from './sizes.ts';

const lines = (count: number): string => '  step();\n'.repeat(count);

it('a long file and a long function are found, and test files have more room', () => {
  const project = projectOf({
    'libs/api/a.ts': `function long() {\n${lines(100)}}\n${lines(400)}`,
    'libs/api/a.test.ts': `function long() {\n${lines(100)}}\n${lines(400)}`,
    'libs/api/b.test.ts': lines(601),
  });
  expect(texts(checkSizes(project))).toEqual([
    'libs/api/a.ts:1: 502 lines, more than 400: give each idea a file of its own, or say why they belong together (file-length)',
    'libs/api/a.ts:1: long has 102 lines, more than 100: take steps out of it and name them, or say why it is one piece (function-length)',
    'libs/api/b.test.ts:1: 601 lines, more than 600: give each idea a file of its own, or say why they belong together (file-length)',
  ]);
});

it('lines of a function inside count for the outer one too', () => {
  const inner = (name: string): string => `const ${name} = () => {\n${lines(49)}};\n`;
  const outer = `function make() {\n${inner('a')}${inner('b')}}\n`;
  expect(checkSizes(projectOf({ 'libs/api/a.ts': outer })).map(({ message }) => message)).toEqual([
    'make has 104 lines, more than 100: take steps out of it and name them, or say why it is one piece',
  ]);
});
