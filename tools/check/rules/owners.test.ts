import { expect, it } from 'vitest';
import { projectOf, texts } from '../project.fixture.ts';
import { checkOwners } from './owners.ts';

it('sockets, the store, the environment, the clock and randomness are used by their owners', () => {
  const text =
    "import 'node:tls';\nimport 'lmdb';\nprocess.env['X'];\nDate.now();\nnew Date();\nMath.random();\nnew Date(5);";
  expect(texts(checkOwners(projectOf({ 'libs/api/a.ts': text })))).toEqual([
    'libs/api/a.ts:1: node:tls is imported outside the package that owns it: use createHttpServer or createHttpClient of @kcp-ts/http (module-owner)',
    'libs/api/a.ts:2: lmdb is imported outside the package that owns it: use the Store interface of @kcp-ts/storage (module-owner)',
    "libs/api/a.ts:3: process.env is used outside the files that may: read it in the program's config.ts and pass the value by name (global)",
    'libs/api/a.ts:4: Date.now() is used outside the files that may: take a Clock of @kcp-ts/base as a parameter (global)',
    'libs/api/a.ts:5: new Date() is used outside the files that may: take a Clock of @kcp-ts/base as a parameter (global)',
    'libs/api/a.ts:6: Math.random() is used outside the files that may: take a Random of @kcp-ts/base as a parameter (global)',
  ]);
});

it('a timer is found where it is called, handed on, or imported, and not where a property has its name', () => {
  const text = [
    'setTimeout(run, 1);',
    'createTurns({ nextTurn: setImmediate });',
    'globalThis.setInterval(run, 1);',
    "import { setTimeout as sleep } from 'node:timers/promises';",
    'clock.setTimeout(run); const options = { setTimeout: run };',
  ].join('\n');
  expect(checkOwners(projectOf({ 'libs/api/a.ts': text })).map(({ rule, line }) => `${rule}:${line}`)).toEqual([
    'module-owner:4',
    'global:1',
    'global:2',
    'global:3',
    'global:4',
  ]);
});

it('owners may use what is theirs, and tests may use everything', () => {
  const project = projectOf({
    'libs/http/server.ts': "import 'node:http2';",
    'libs/storage/lmdb/open.ts': "import { open } from 'lmdb';",
    'services/shard/config.ts': 'process.env;',
    'libs/base/clock.ts': 'Date.now(); Math.random(); setTimeout(run, 5);',
    'libs/api/a.test.ts': "import 'node:net'; Date.now(); setTimeout(run, 5);",
  });
  expect(checkOwners(project)).toEqual([]);
});
