import { configDefaults, defineConfig } from 'vitest/config';

const measuredAttacks = ['tests/attacks/{budgets,connections,long-lists}.test.ts'];
/**
 * Files that measure how long others wait: that use `expectNoStall`, or bound a turn of the event
 * loop.
 */
/** It takes all of the machine, and leaves the system with work for a while. */
const installation = 'tests/k8s/install.test.ts';
const measured = [
  ...measuredAttacks,
  'tests/harness/neighbour.test.ts',
  'libs/http/decode/yaml-decoder.test.ts',
  'libs/program/profiler/profiler.test.ts',
  'tests/operations/hand-over.test.ts',
];

/**
 * Tests beside the code that start etcd, nats-server or another process say so with their suffix.
 */
const withProcesses = '{libs,services,tools}/**/*.{etcd,nats,process}.test.ts';
const simulation = 'tests/simulation/**/*.test.ts';

export default defineConfig({
  test: {
    testTimeout: 20_000,
    hookTimeout: 60_000,
    coverage: {
      provider: 'v8',
      include: ['{libs,services,tools}/**/*.ts'],
      exclude: ['**/*.{test,bench,fixture}.ts', '**/contract/**', 'libs/testing/**', 'libs/proto/gen/**'],
      reporter: ['json-summary'],
    },
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['{libs,services,tools}/**/*.test.ts'],
          exclude: [...configDefaults.exclude, withProcesses, ...measured],
        },
      },
      {
        extends: true,
        test: {
          name: 'integration',
          include: [withProcesses, simulation],
        },
      },
      {
        extends: true,
        test: {
          name: 'e2e',
          include: ['tests/**/*.test.ts'],
          exclude: [...configDefaults.exclude, simulation, installation, ...measured],
        },
      },
      {
        extends: true,
        test: {
          // The end-to-end tests and the attacks once more, unchanged, through the front-proxy of
          // three shards, which each file starts for itself: so one file after the other.
          name: 'three shards',
          include: ['tests/e2e/**/*.test.ts', 'tests/attacks/**/*.test.ts'],
          exclude: [...configDefaults.exclude, ...measured],
          env: { KCP_TEST_INSTALLATION: 'cluster' },
          fileParallelism: false,
          maxConcurrency: 1,
          sequence: { groupOrder: 1 },
        },
      },
      {
        extends: true,
        test: {
          // Tests that measure how long other tenants wait have the machine for themselves: they
          // run last, one file after the other.
          name: 'measured',
          // As long as all attempts of a measurement take.
          testTimeout: 60_000,
          include: measured,
          fileParallelism: false,
          maxConcurrency: 1,
          sequence: { groupOrder: 2 },
        },
      },
      {
        extends: true,
        test: {
          // The measured attacks once more, through the front-proxy of three shards, each of which
          // reports how long its turns of the event loop are.
          name: 'measured, three shards',
          testTimeout: 60_000,
          include: measuredAttacks,
          env: { KCP_TEST_INSTALLATION: 'cluster' },
          fileParallelism: false,
          maxConcurrency: 1,
          sequence: { groupOrder: 3 },
        },
      },
      {
        extends: true,
        test: {
          name: 'kubernetes',
          include: [installation],
          fileParallelism: false,
          maxConcurrency: 1,
          sequence: { groupOrder: 4 },
        },
      },
    ],
  },
});
