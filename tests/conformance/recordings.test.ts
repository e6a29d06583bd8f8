import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TestServer } from '../harness/server.ts';
import { startServer } from '../harness/server.ts';
import { readConformanceConfig } from './config.ts';
import { differences } from './differences.ts';
import { createExplainer } from './explain.ts';
import { loadRecordings } from './recording.ts';
import type { Replay } from './replay.ts';
import { createReplay } from './replay.ts';

const { recordings: folder } = readConformanceConfig(process.env);

if (folder === undefined) {
  it.skip('recorded answers are not compared: KCP_RECORDINGS names no folder of them', () => undefined);
  process.stderr.write('conformance: skipped, because KCP_RECORDINGS names no folder of recorded answers\n');
} else {
  const recordings = await loadRecordings(folder);
  const explainer = createExplainer(differences);

  describe('kcp-ts answers as the recorded kcp', () => {
    let server: TestServer;
    let replay: Replay;
    beforeAll(async () => {
      server = await startServer();
      replay = createReplay(server);
    });
    afterAll(() => server[Symbol.asyncDispose]());

    it.each(recordings)('$name', async (recording) => {
      const found = await replay.send(recording, !explainer.skips(recording.name), (seen) =>
        explainer.explains(recording.name, seen),
      );
      expect(explainer.unexplained(recording.name, found)).toEqual([]);
    });

    it('every entry of the table of differences still differs; one that does not is to be removed', () => {
      expect(explainer.unused()).toEqual([]);
    });
  });
}
