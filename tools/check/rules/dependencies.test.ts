import { expect, it } from 'vitest';
import { projectOf, texts } from '../project.fixture.ts';
import { checkDependencies } from './dependencies.ts';

const none = { dependencies: [], devDependencies: [] };
const others = {
  'libs/base': none,
  'libs/api': none,
  'libs/testing': none,
  'libs/registry': none,
  'libs/client': none,
  'services/shard': none,
};

it('a dependency is imported by a file, and one of tests alone is a devDependency', () => {
  const project = projectOf(
    {
      'libs/http/a.ts': "import type { X } from '@kcp-ts/base';",
      'libs/http/a.test.ts': "import { y } from '@kcp-ts/api';",
    },
    { ...others, 'libs/http': { dependencies: ['base', 'api', 'client'], devDependencies: ['testing'] } },
  );
  expect(texts(checkDependencies(project))).toEqual([
    'libs/http/package.json:1: @kcp-ts/api is named in dependencies, and only tests import it: move it to devDependencies (dependency)',
    'libs/http/package.json:1: @kcp-ts/client is named in dependencies, and no file imports it: remove it (dependency)',
    'libs/http/package.json:1: @kcp-ts/testing is named in devDependencies, and no test imports it: remove it (dependency)',
  ]);
});

it('a package for tests alone has ordinary dependencies', () => {
  const project = projectOf(
    { 'libs/testing/start.ts': "import { y } from '@kcp-ts/api';" },
    { ...others, 'libs/http': none, 'libs/testing': { dependencies: ['api'], devDependencies: [] } },
  );
  expect(checkDependencies(project)).toEqual([]);
});
