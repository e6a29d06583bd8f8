import { expect, it } from 'vitest';
import { projectOf, texts, wholeProject } from '../project.fixture.ts';
import { checkPackages } from './packages.ts';

it('packages with a layer and files are right', () => {
  expect(texts(checkPackages(wholeProject()))).toEqual([]);
});

it('a package without a layer, one without files, and an entry without a package are found', () => {
  const whole = wholeProject();
  const { packages } = projectOf({}, { 'libs/attic': {} });
  const project = {
    files: whole.files,
    packages: [
      ...whole.packages.filter(({ folder }) => folder !== 'libs/patch'),
      ...packages.filter(({ folder }) => folder === 'libs/attic'),
    ],
  };
  expect(texts(checkPackages(project))).toEqual([
    'libs/attic/package.json:1: This package has no layer: add it to tools/check/layers.ts (package)',
    'libs/attic/package.json:1: This package has no files: remove it, or add its content (package)',
    'tools/check/layers.ts:1: There is no package libs/patch (package)',
  ]);
});
