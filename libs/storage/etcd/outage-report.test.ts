import { RpcError } from '@kcp-ts/rpc';
import { expect, it } from 'vitest';
import { createOutageReport } from './outage-report.ts';

const refused = new RpcError('unavailable', 'connect ECONNREFUSED 127.0.0.1:1');
const late = (seconds: string) => new RpcError('deadline-exceeded', `Deadline exceeded after ${seconds}s`);

it('says each reason once, and again after a minute, and counts every failure', () => {
  let now = 0;
  const said: string[] = [];
  const report = createOutageReport({ monotonic: () => now }, (reason) => said.push(reason));
  for (; now < 59_000; now += 500) {
    report.failed(refused);
    report.failed(late(`4.00${now % 10}`));
  }
  expect(said).toEqual(['connect ECONNREFUSED 127.0.0.1:1', 'Deadline exceeded after 4.000s']);
  now = 60_000;
  report.failed(refused);
  expect(said).toHaveLength(3);
  expect(report.failures()).toBe(2 * 118 + 1);
});

it('reports a reason again when etcd has answered in between', () => {
  const said: string[] = [];
  const report = createOutageReport({ monotonic: () => 0 }, (reason) => said.push(reason));
  report.failed(refused);
  report.failed(refused);
  report.answered();
  report.failed(refused);
  expect(said).toHaveLength(2);
});
