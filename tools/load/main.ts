/**
 * `make bench`: starts a server of its own on loopback, loads it within bounds, and prints a JSON
 * line for each step and a short table at the end. With --quick, everything is a tenth as large.
 * The client runs on the same machine: costs per operation are the server's own CPU time.
 */
import { parseArgs } from 'node:util';
import { benchSharded } from './bench-sharded.ts';
import { createLoadClient } from './client.ts';
import { memoryKb } from './process-usage.ts';
import type { BenchSize, Figures } from './scenarios.ts';
import { benchObjects, benchWatch, benchWorkspaces } from './scenarios.ts';
import { startBenchServer } from './server.ts';

const full: BenchSize = { workspaces: 5_000, clients: 16, objects: 4_000, watchers: 1_000, events: 100 };
const quick: BenchSize = { workspaces: 500, clients: 16, objects: 400, watchers: 100, events: 50 };

const { values } = parseArgs({
  options: { quick: { type: 'boolean', default: false }, sharded: { type: 'boolean', default: false } },
});
const size = values.quick ? quick : full;
const steps = new Map<string, Figures>();

function report(found: Readonly<Record<string, Figures>>): void {
  for (const [step, figures] of Object.entries(found)) {
    steps.set(step, figures);
    process.stdout.write(`${JSON.stringify({ step, ...figures })}\n`);
  }
}

async function benchEmbedded(): Promise<void> {
  await using server = await startBenchServer();
  using admin = createLoadClient(server.admin, 10);
  using masters = createLoadClient(server.masters, 1);
  const { resident, anonymous } = memoryKb(server.pid);
  report({
    coldStart: {
      ms: Math.round(server.coldStartMs),
      residentMb: Math.round(resident / 1024),
      anonymousMb: Math.round(anonymous / 1024),
    },
  });
  const deps = { admin, masters, pid: server.pid, size };
  report(await benchWorkspaces(deps));
  report(await benchObjects(deps));
  report(await benchWatch(deps));
}

await (values.sharded ? benchSharded(values.quick ? 0.1 : 1, report) : benchEmbedded());
const width = Math.max(...[...steps.keys()].map((step) => step.length));
for (const [step, figures] of steps) {
  const texts = Object.entries(figures).map(([name, value]) => `${name} ${value}`);
  process.stdout.write(`${step.padEnd(width)}  ${texts.join('  ')}\n`);
}
