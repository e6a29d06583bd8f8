/**
 * What the proxy adds: its CPU microseconds per GET of 1 kB (load by h2load over HTTP/2, and with
 * the client certificate of a user one by one), and the time it adds to one GET. The shard and the
 * clients are processes of their own, so that the proxy's is counted whole. Run: node
 * services/front-proxy/front-proxy.bench.ts
 */
import type { ChildProcess } from 'node:child_process';
import { fork, spawn } from 'node:child_process';
import { writeSync } from 'node:fs';
import type { ClientHttp2Session } from 'node:http2';
import { connect } from 'node:http2';
import { fileURLToPath } from 'node:url';
import type { ServerTls } from '@kcp-ts/http';
import { createTestAuthority } from '@kcp-ts/testing';
import { createTestPlaces, startTestProxy, startTestServer } from './front-proxy.fixture.ts';

const path = '/clusters/root:org:team/api/v1/namespaces/default/configmaps/a';

interface Part {
  readonly part: 'shard' | 'client';
}
interface ShardPart extends Part {
  readonly part: 'shard';
  readonly tls: ServerTls;
}
interface ClientPart extends Part {
  readonly part: 'client';
  readonly direct: string;
  readonly proxied: string;
  readonly tls: { readonly ca: string; readonly cert: string; readonly key: string };
}

function print(line: string): void {
  writeSync(1, `${line}\n`);
}

function cpuMicros(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}

function messageOf<Message>(child: ChildProcess): Promise<Message> {
  return new Promise((resolve, reject) => {
    child.once('message', (message) => resolve(message as Message));
    child.once('error', reject);
  });
}

function startPart(part: ShardPart | ClientPart): ChildProcess {
  const child = fork(fileURLToPath(import.meta.url), ['part']);
  child.send(part);
  return child;
}

function runLoad(port: number, requests: number): Promise<void> {
  const args = ['-n', String(requests), '-c', '10', '-m', '10', '-H', 'authorization: Bearer abcdefgh'];
  return new Promise((resolve, reject) => {
    const load = spawn('h2load', [...args, `https://127.0.0.1:${port}${path}`], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    load.stdout.on('data', (text: Buffer) => {
      const rate = /finished in.*|requests:.*/g.exec(text.toString());
      if (rate !== null) print(`  ${rate[0]}`);
    });
    load.on('error', reject);
    load.on('close', () => resolve());
  });
}

async function runShard({ tls }: ShardPart): Promise<void> {
  const headers = { 'content-type': 'application/json', 'cache-control': 'no-cache, private', 'audit-id': 'a-b-c-d' };
  const body = Buffer.alloc(1024, 120);
  const { port } = await startTestServer(tls, (exchange) => exchange.respond(200, headers, body));
  process.send?.(port);
}

function get(session: ClientHttp2Session): Promise<void> {
  return new Promise((resolve, reject) => {
    const stream = session.request({ ':path': path });
    stream.on('error', reject);
    stream.on('data', () => undefined);
    stream.on('end', resolve);
  });
}

async function medianOf(url: string, tls: ClientPart['tls'], requests: number): Promise<number> {
  const session = connect(url, tls);
  const times: number[] = [];
  for (let index = 0; index < requests; index++) {
    const begin = performance.now();
    await get(session);
    times.push(performance.now() - begin);
  }
  session.close();
  return times.sort((left, right) => left - right)[Math.floor(requests / 2)] ?? 0;
}

async function runClient({ direct, proxied, tls }: ClientPart): Promise<void> {
  await medianOf(direct, tls, 2000);
  await medianOf(proxied, tls, 2000);
  const micros = { direct: await medianOf(direct, tls, 4000), proxied: await medianOf(proxied, tls, 4000) };
  process.send?.(micros);
}

async function measure(): Promise<void> {
  const clients = await createTestAuthority('clients');
  const peers = await createTestAuthority('peers');
  const serving = await clients.issue('CN=localhost');
  const own = await peers.issue('CN=system:kcp:service:front-proxy:a, O=system:kcp:services');
  const shard = startPart({ part: 'shard', tls: { ...(await peers.issue('CN=shard')), clientCa: peers.certificate } });
  const shardUrl = `https://127.0.0.1:${await messageOf<number>(shard)}`;
  const places = createTestPlaces();
  places.workspaces.set('root:org:team', { cluster: '2zhx0f1g9nd3c4o', shard: 'root' });
  places.shards.set('root', shardUrl);
  const proxy = await startTestProxy({
    places,
    serving: { ...serving, clientCa: clients.certificate },
    peer: { ca: peers.certificate, cert: own.certificate, key: own.privateKey },
  });
  await runLoad(proxy.port, 20_000);
  for (const requests of [60_000, 60_000]) {
    const before = cpuMicros();
    await runLoad(proxy.port, requests);
    print(`GET of 1 kB: ${((cpuMicros() - before) / requests).toFixed(1)} µs CPU of the proxy`);
  }
  const ann = await clients.issue('CN=ann, O=team');
  const ca = `${clients.certificate}\n${peers.certificate}`;
  const before = cpuMicros();
  const client = startPart({
    part: 'client',
    direct: shardUrl,
    proxied: `https://127.0.0.1:${proxy.port}`,
    tls: { ca, cert: ann.certificate, key: ann.privateKey },
  });
  const { direct, proxied } = await messageOf<{ readonly direct: number; readonly proxied: number }>(client);
  print(
    `one by one, with a certificate: ${direct.toFixed(3)} ms direct, ${proxied.toFixed(3)} ms through the proxy (p50)`,
  );
  print(
    `  ${(proxied - direct).toFixed(3)} ms added, ${((cpuMicros() - before) / 6000).toFixed(1)} µs CPU of the proxy`,
  );
  client.kill();
  await proxy.close({ drainMs: 100 });
  shard.kill();
}

if (process.argv[2] === 'part') {
  process.once(
    'message',
    (part: ShardPart | ClientPart) => void (part.part === 'shard' ? runShard(part) : runClient(part)),
  );
} else await measure();
