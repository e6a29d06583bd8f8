import { expect, it } from 'vitest';
import { projectOf, texts } from '../project.fixture.ts';
import { checkLayers } from './layers.ts';

it('an import goes to a lower layer, and type imports are imports', () => {
  const project = projectOf({
    'libs/api/a.ts': "import type { X } from '@kcp-ts/registry';\nimport { b } from '@kcp-ts/base';",
    'libs/registry/a.ts': "type C = import('@kcp-ts/client').C;",
    'libs/http/a.ts': "export { run } from '@kcp-ts/shard';",
  });
  expect(texts(checkLayers(project))).toEqual([
    'libs/api/a.ts:1: libs/api may not import libs/registry, on layer 5, above its own layer 1: move the shared part below both, or pass it in as a parameter (layer)',
    'libs/registry/a.ts:1: libs/registry may not import libs/client, on the same layer 5: move the shared part below both, or pass it in as a parameter (layer)',
    'libs/http/a.ts:1: libs/http may not import services/shard, on layer 10, above its own layer 2: move the shared part below both, or pass it in as a parameter (layer)',
  ]);
});

it('a package names what it imports, and what it imports exists', () => {
  const project = projectOf(
    {
      'libs/http/a.ts':
        "import { x } from '@kcp-ts/api';\nimport { y } from '@kcp-ts/nothing';\nimport { z } from '@kcp-ts/base/inside';",
      'libs/http/a.test.ts': "import { t } from '@kcp-ts/testing';\nimport { x } from '@kcp-ts/api';",
    },
    { 'libs/http': { dependencies: ['base'] } },
  );
  expect(texts(checkLayers(project))).toEqual([
    'libs/http/a.ts:1: libs/http/package.json does not name @kcp-ts/api: add it to its dependencies (dependency)',
    'libs/http/a.ts:2: There is no package @kcp-ts/nothing (dependency)',
    'libs/http/a.ts:3: @kcp-ts/base has no entry point @kcp-ts/base/inside: import from @kcp-ts/base, or add the path to the exports of libs/base/package.json (entry-point)',
    'libs/http/a.test.ts:2: libs/http/package.json does not name @kcp-ts/api: add it to its devDependencies (dependency)',
  ]);
});

it('an entry point is for other packages, names what it offers, and no test is imported', () => {
  const project = projectOf({
    'libs/api/index.ts': "export * from './a.ts';",
    'libs/api/a.ts':
      "import { x } from './index.ts';\nimport { y } from '@kcp-ts/api';\nimport { z } from '../base/clock.ts';",
    'libs/api/b.test.ts': "import { help } from './a.test.ts';",
  });
  expect(texts(checkLayers(project))).toEqual([
    'libs/api/index.ts:1: "export *" hides what an entry point offers: name each export (entry-point)',
    'libs/api/a.ts:1: ./index.ts is the entry point for other packages: import the file that declares the name (entry-point)',
    'libs/api/a.ts:2: A package does not import its own entry point: import the file itself instead of @kcp-ts/api (entry-point)',
    'libs/api/a.ts:3: ../base/clock.ts leads out of libs/api: import the package by its name (entry-point)',
    'libs/api/b.test.ts:1: A test file is imported: move what is shared to a *.fixture.ts beside it or to libs/testing (test-support)',
  ]);
});
