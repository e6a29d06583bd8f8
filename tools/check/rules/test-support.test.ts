import { expect, it } from 'vitest';
import { projectOf, texts } from '../project.fixture.ts';
import { checkTestSupport } from './test-support.ts';

const imports = [
  "import { t } from '@kcp-ts/testing';",
  "import { f } from './a.fixture.ts';",
  "import { c } from '@kcp-ts/api/contract';",
  "import { expect } from 'vitest';",
].join('\n');

it('fixtures, contracts, libs/testing and the tools of tests are for tests', () => {
  expect(texts(checkTestSupport(projectOf({ 'libs/http/a.ts': imports })))).toEqual([
    'libs/http/a.ts:1: @kcp-ts/testing is for tests: move what a program needs to the package it belongs to (test-support)',
    'libs/http/a.ts:2: ./a.fixture.ts is for tests: move what a program needs to the package it belongs to (test-support)',
    'libs/http/a.ts:3: @kcp-ts/api/contract is for tests: move what a program needs to the package it belongs to (test-support)',
    'libs/http/a.ts:4: vitest is for tests: move what a program needs to the package it belongs to (test-support)',
  ]);
});

it('tests and fixtures may import them', () => {
  const project = projectOf({ 'libs/http/a.test.ts': imports, 'libs/http/b.fixture.ts': imports });
  expect(checkTestSupport(project)).toEqual([]);
});
