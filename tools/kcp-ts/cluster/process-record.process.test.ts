import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSystemClock } from '@kcp-ts/base';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { endLeft, leftProcesses, partRecordPath, recordProcess } from './process-record.ts';

let folder: string;
let child: ChildProcess;
let pid: number;
let path: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kcp-ts-record-'));
  path = partRecordPath(folder, 'root');
  child = spawn('sleep', ['1000'], { stdio: 'ignore' });
  await once(child, 'spawn');
  pid = child.pid ?? 0;
});

afterEach(async () => {
  child.kill('SIGKILL');
  await rm(folder, { recursive: true, force: true });
});

async function changeRecord(change: object): Promise<void> {
  const record = JSON.parse(await readFile(path, 'utf8')) as object;
  await writeFile(path, JSON.stringify({ ...record, ...change }));
}

it('finds a process that was recorded, and ends it, also where it is stopped', async () => {
  recordProcess(path, pid);
  expect(leftProcesses(folder)).toEqual([{ name: 'root', pid, state: 'running' }]);
  child.kill('SIGSTOP');
  const exited = once(child, 'exit');
  await endLeft(folder, leftProcesses(folder), createSystemClock());
  expect(await exited).toEqual([null, 'SIGTERM']);
  expect(leftProcesses(folder)).toEqual([]);
});

it('never touches a process that has got the id of another one', async () => {
  recordProcess(path, pid);
  const { identity } = JSON.parse(await readFile(path, 'utf8')) as { identity: string };
  await changeRecord({ identity: identity.replace(/\d+$/, '1') });
  expect(leftProcesses(folder)).toEqual([]);
});

it('never touches a process that cannot be distinguished from others, and names it', async () => {
  recordProcess(path, pid);
  await changeRecord({ identity: '' });
  const left = leftProcesses(folder);
  expect(left).toEqual([{ name: 'root', pid, state: 'unknown' }]);
  await expect(endLeft(folder, left, createSystemClock())).rejects.toThrow(`root (process ${pid}) may be what`);
  expect(child.exitCode ?? child.signalCode).toBeNull();
});

it('takes a record that is cut off, and a folder without records, for nothing that runs', async () => {
  expect(leftProcesses(join(folder, 'none'))).toEqual([]);
  recordProcess(path, pid);
  await writeFile(path, '{"pid":');
  expect(leftProcesses(folder)).toEqual([]);
});
