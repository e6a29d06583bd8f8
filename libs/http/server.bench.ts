/**
 * What a request and a pushed event cost: CPU microseconds of the server process per GET of 1 kB
 * over HTTP/2 and TLS (load by h2load), and per small write to each of 500 open streams over 10
 * connections. Run: node libs/http/server.bench.ts
 */
import { spawn } from 'node:child_process';
import { writeSync } from 'node:fs';
import { connect } from 'node:http2';
import { fileURLToPath } from 'node:url';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { createSystemClock } from '@kcp-ts/base';
import { createTestAuthority } from '@kcp-ts/testing';
import type { BodyStream } from './exchange.ts';
import { createHttpServer } from './server.ts';

const streamCount = 500;
const connectionCount = 10;
const rounds = 400;

function print(line: string): void {
  writeSync(1, `${line}\n`);
}

function cpuMicros(): number {
  const { user, system } = process.threadCpuUsage();
  return user + system;
}

function runLoad(port: number, requests: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const load = spawn('h2load', ['-n', String(requests), '-c', '10', '-m', '10', `https://127.0.0.1:${port}/get`], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    load.stdout.on('data', (text: Buffer) => {
      const rate = /finished in.*/.exec(text.toString());
      if (rate !== null) print(`  ${rate[0]}`);
    });
    load.on('error', reject);
    load.on('close', () => resolve());
  });
}

function openWatchers(port: number): Promise<Worker> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(fileURLToPath(import.meta.url), { workerData: { port } });
    worker.once('message', () => resolve(worker));
    worker.once('error', reject);
  });
}

function watch(port: number): void {
  let open = 0;
  for (let connection = 0; connection < connectionCount; connection++) {
    const session = connect(`https://127.0.0.1:${port}`, { rejectUnauthorized: false });
    for (let index = 0; index < streamCount / connectionCount; index++) {
      const stream = session.request({ ':path': '/watch' });
      stream.once('response', () => {
        open++;
        if (open === streamCount) parentPort?.postMessage('open');
      });
      stream.on('data', () => {});
      stream.on('error', () => {});
    }
  }
}

async function measure(): Promise<void> {
  const authority = await createTestAuthority();
  const { certificate, privateKey } = await authority.issue('CN=localhost');
  const streams: BodyStream[] = [];
  const headers = { 'content-type': 'application/json', 'cache-control': 'no-cache, private' };
  const body = Buffer.alloc(1024, 120);
  const server = createHttpServer({
    tls: { certificate, privateKey },
    clock: createSystemClock(),
    onError: (error) => print(String(error)),
    handler(exchange) {
      if (exchange.url === '/get') exchange.respond(200, headers, body);
      else streams.push(exchange.stream(200, headers));
    },
  });
  const { port } = await server.listen({ host: '127.0.0.1', port: 0 });
  await runLoad(port, 20_000);
  for (const requests of [100_000, 100_000]) {
    const before = cpuMicros();
    await runLoad(port, requests);
    print(`GET 1 kB: ${((cpuMicros() - before) / requests).toFixed(2)} µs CPU each`);
  }

  const worker = await openWatchers(port);
  const event = Buffer.alloc(600, 121);
  for (const perTurn of [1, 1, 4]) {
    const before = cpuMicros();
    for (let round = 0; round < rounds; round++) {
      for (const stream of streams) for (let index = 0; index < perTurn; index++) stream.write(event);
      do await new Promise((resolve) => setImmediate(resolve));
      while (streams.some((stream) => stream.bufferedBytes > 0));
    }
    const each = (cpuMicros() - before) / (rounds * streams.length * perTurn);
    print(`${streams.length} streams, ${perTurn} writes of 600 B in a turn: ${each.toFixed(2)} µs CPU a write`);
  }
  await worker.terminate();
  await server.close({ drainMs: 100 });
}

if (isMainThread) await measure();
else watch((workerData as { port: number }).port);
