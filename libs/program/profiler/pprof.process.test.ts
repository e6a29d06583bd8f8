/** The judge of the format is Go's own tool. */
import { execFile, spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { createSystemClock } from '@kcp-ts/base';
import { expect, it } from 'vitest';
import { takeCpuProfile } from './cpu-profile.ts';
import { encodePprof } from './pprof.ts';

const missing = spawnSync('go', ['version']).status !== 0;
if (missing) console.warn('skipped: there is no go on PATH');
const run = promisify(execFile);

function burnCpu(milliseconds: number): void {
  const until = performance.now() + milliseconds;
  while (performance.now() < until) Math.sqrt(until);
}

// Go builds the tool when it is first asked for.
it.skipIf(missing)('go tool pprof reads a profile, by function and line', { timeout: 180_000 }, async () => {
  const clock = createSystemClock();
  const taking = takeCpuProfile(clock, 500);
  const working = setInterval(() => burnCpu(20), 25);
  const profile = await taking;
  clearInterval(working);
  const folder = await mkdtemp(join(tmpdir(), 'pprof-'));
  try {
    const path = join(folder, 'cpu.pb');
    await writeFile(path, encodePprof(profile, clock.now()));
    const { stdout } = await run('go', ['tool', 'pprof', '-top', '-cum', '-lines', path]);
    expect(stdout).toContain('Type: cpu');
    expect(stdout).toMatch(/burnCpu .*pprof\.process\.test\.ts:\d+/);
  } finally {
    await rm(folder, { recursive: true });
  }
});
