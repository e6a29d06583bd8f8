/** Starts a front-proxy with its server, and stops it: what the program and the tests call. */
import { readFile } from 'node:fs/promises';
import { createAssertionSigner, createCertificateReader } from '@kcp-ts/authn';
import { createSystemClock } from '@kcp-ts/base';
import type { Exchange } from '@kcp-ts/http';
import { createHttpServer, freePorts } from '@kcp-ts/http';
import { createBackends, createLogger, openConnections, openDirectory } from '@kcp-ts/installation';
import { createFrontProxy } from './compose.ts';
import { sharedConfirm } from './confirm.ts';
import { readMappings } from './mapping.ts';
import type { FrontProxyConfig } from './options.ts';
import { createOwnAnswers } from './own-answers.ts';
import { createRouter } from './router.ts';

export interface RunningFrontProxy extends AsyncDisposable {
  readonly port: number;
}

const sweepMs = 10_000;

function commonNameOf(certificate: string): Promise<string> {
  return import('node:crypto').then(({ X509Certificate }) => {
    const subject: Readonly<Record<string, unknown>> = {
      ...new X509Certificate(certificate).toLegacyObject().subject,
    };
    return String(subject['CN'] ?? '');
  });
}

/** Resolves when the proxy listens; it is ready when it knows where workspaces are. */
export async function startFrontProxy(config: FrontProxyConfig): Promise<RunningFrontProxy> {
  const clock = createSystemClock();
  const log = createLogger(config.verbosity);
  const read = (path: string) => readFile(path, 'utf8');
  const connections = await openConnections({ config, name: config.natsUsername || config.name, clock, log });
  const { tls } = connections;
  const directory = await openDirectory({ connections, clock, log });
  const mappings = await readMappings(config.mappingFile);
  const requests = new Map<string, number>();
  const count = (code: string) => requests.set(code, (requests.get(code) ?? 0) + 1);
  const backends = createBackends({
    clock,
    tlsOf: (url) => mappings.find(({ backend }) => backend === url)?.tls ?? tls,
    onUnreachable(url, error) {
      count('503');
      log.warn({ backend: url, err: error }, 'a backend cannot be reached');
    },
    onAnswered: (_url, status) => count(String(status)),
  });
  let draining = false;
  const own = { directory, backends, requests, draining: () => draining };
  // What the proxy counts names no tenant; it is for those who have a certificate of the installation's.
  const readCertificate = createCertificateReader(() => clock.now());
  const handler = createFrontProxy({
    router: createRouter({
      directory,
      rootShard: config.rootShardName,
      mappings: mappings.filter(({ path }) => path !== '/clusters/'),
      confirm: sharedConfirm(() => directory.confirm()),
    }),
    backends,
    signer: createAssertionSigner({
      privateKey: tls.key,
      issuer: await commonNameOf(tls.cert),
      clock,
      passGroups: config.authenticationPassOnGroups,
      dropGroups: config.authenticationDropGroups,
    }),
    readCertificate,
    answerOwn: createOwnAnswers(own, (exchange: Exchange) => {
      const verdict = readCertificate(exchange.peer);
      return verdict.kind === 'user' && verdict.user.groups.includes('system:masters');
    }),
    observe: () => undefined,
  });
  const server = createHttpServer({
    tls: {
      certificate: await read(config.tlsCertFile),
      privateKey: await read(config.tlsPrivateKeyFile),
      clientCa: config.clientCaFile === '' ? undefined : await read(config.clientCaFile),
    },
    handler,
    onError: (error) => log.error({ err: error }, 'a request failed'),
    clock,
  });
  const { port } = await server.listen({ host: config.bindAddress, port: config.securePort });
  const host = config.externalHostname || (config.bindAddress === '0.0.0.0' ? '127.0.0.1' : config.bindAddress);
  const rpcPort = config.rpcPort === 0 ? ((await freePorts(1))[0] ?? 0) : config.rpcPort;
  await connections.register.announce({
    kind: 'front-proxy',
    name: config.natsUsername || config.name,
    rpcAddress: `${host}:${rpcPort}`,
    baseUrl: `https://${host}:${port}`,
  });
  let sweeper: Disposable | undefined;
  const sweep = () => {
    const urls = [
      ...directory.shards(),
      ...directory.services('virtual-workspaces'),
      ...directory.services('cache-server'),
    ];
    backends.keep(new Set([...urls.map(({ baseUrl }) => baseUrl), ...mappings.map(({ backend }) => backend)]));
    sweeper = clock.setTimer(sweepMs, sweep);
  };
  sweep();
  return {
    port,
    async [Symbol.asyncDispose]() {
      draining = true;
      sweeper?.[Symbol.dispose]();
      await server.close({ drainMs: config.shutdownDrainSeconds * 1000 });
      backends[Symbol.dispose]();
      await directory[Symbol.asyncDispose]();
      await connections[Symbol.asyncDispose]();
    },
  };
}
