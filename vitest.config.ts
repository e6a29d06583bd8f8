import { configDefaults, defineConfig } from 'vitest/config';

const measuredAttacks = ['tests/attacks/{budgets,connections,long-lists}.test.ts'];
/** Files that use `expectNoStall`. */
const measured = [...measuredAttacks, 'tests/harness/neighbour.test.ts'];

export default defineConfig({
  test: {
    testTimeout: 20_000,
    hookTimeout: 60_000,
    projects: [
      {
        extends: true,
        test: {
          name: 'tests',
          include: ['{libs,services,tools,tests}/**/*.test.ts'],
          exclude: [...configDefaults.exclude, ...measured],
        },
      },
      {
        extends: true,
        test: {
          // The end-to-end suite and the attacks once more, unchanged, through the front-proxy of an installation of three shards for each file: so one after the other.
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
          // What measures how long others wait has the machine for itself: last, one file after the other.
          name: 'measured',
          include: measured,
          fileParallelism: false,
          maxConcurrency: 1,
          sequence: { groupOrder: 2 },
        },
      },
      {
        extends: true,
        test: {
          // The attacks that are measured once more, through the front-proxy of three shards, each of which says how long its turns are.
          name: 'measured, three shards',
          include: measuredAttacks,
          env: { KCP_TEST_INSTALLATION: 'cluster' },
          fileParallelism: false,
          maxConcurrency: 1,
          sequence: { groupOrder: 3 },
        },
      },
    ],
  },
});
