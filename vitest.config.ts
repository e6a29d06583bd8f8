import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    testTimeout: 20_000,
    hookTimeout: 60_000,
    projects: [
      { extends: true, test: { name: 'tests', include: ['{libs,services,tools,tests}/**/*.test.ts'] } },
      {
        extends: true,
        test: {
          // The end-to-end suite and the attacks once more, unchanged, through the front-proxy of an installation of three shards for each file: so one after the other.
          name: 'three shards',
          include: ['tests/e2e/**/*.test.ts', 'tests/attacks/**/*.test.ts'],
          env: { KCP_TEST_INSTALLATION: 'cluster' },
          fileParallelism: false,
          maxConcurrency: 1,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
