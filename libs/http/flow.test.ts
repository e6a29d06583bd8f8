import { expect, it } from 'vitest';
import { createFlows } from './flow.ts';
import { anonymousPeer } from './queue.fixture.ts';

it('a connection is one client, whatever its header says', () => {
  const flowsOf = createFlows(() => false);
  const [one, other] = [flowsOf(anonymousPeer), flowsOf(anonymousPeer)];
  expect(one.flowOf('x')).toBe(one.flowOf('y'));
  expect(one.flowOf(undefined)).toBe(one.flowOf('x'));
  expect(other.flowOf('x')).not.toBe(one.flowOf('x'));
  expect(one.flowOf('x').bounded).toBe(true);
});

it("on another service's connection each client that it names is one, and what it asks for itself is not bounded", () => {
  const flows = createFlows(() => true)(anonymousPeer);
  expect(flows.flowOf('a')).toBe(flows.flowOf('a'));
  expect(flows.flowOf('a')).not.toBe(flows.flowOf('b'));
  expect(flows.flowOf('a')).toMatchObject({ bounded: true });
  expect(flows.flowOf(undefined)).toMatchObject({ bounded: false });
  // Two headers are nobody's name.
  expect(flows.flowOf(['a', 'b'])).toBe(flows.flowOf(undefined));
});

it('clients of a service that have nothing under way are forgotten, and no others', () => {
  const flows = createFlows(() => true)(anonymousPeer);
  const kept = { running: flows.flowOf('running'), unread: flows.flowOf('unread'), paused: flows.flowOf('paused') };
  kept.running.running = 1;
  kept.unread.unsentBytes = 1;
  kept.paused.paused.push(() => undefined);
  const idle = flows.flowOf('idle');
  for (let client = 0; client < 2000; client++) flows.flowOf(String(client));
  for (const [name, flow] of Object.entries(kept)) expect(flows.flowOf(name)).toBe(flow);
  expect(flows.flowOf('idle')).not.toBe(idle);
});
