/** One replica of virtual-workspaces: the service of the real thing, whose requests go over the simulated network. */
import { PassThrough } from 'node:stream';
import type { UpstreamAnswer } from '@kcp-ts/http';
import type { Backends } from '@kcp-ts/installation';
import { createServiceLoad, unavailable } from '@kcp-ts/installation';
import { createExclusions, createNudger } from '@kcp-ts/merged';
import type { ClusterName, StatusError } from '@kcp-ts/meta';
import type { ShardRecord } from '@kcp-ts/replication';
import { createContents, createService } from '@kcp-ts/virtual-workspaces';
import type { SimProcess } from '../process.ts';
import { createProcess, drawSkew } from '../process.ts';
import type { SimRegister } from '../register.ts';
import { followRegister } from '../register.ts';
import type { World } from '../world.ts';
import { chanceRandom, rootShard, serverAt, servicePeer } from './api-shard.ts';
import type { SimServer } from './exchange.ts';
import { sendRequest } from './exchange.ts';

export interface ApiReplica {
  readonly process: SimProcess;
  readonly register: SimRegister;
  readonly server: SimServer;
}

const askMs = 2_000;

function backendsOf(world: World, process: SimProcess): Backends {
  return {
    request(url, path, headers, signal) {
      const to = serverAt(world, url);
      if (to === undefined) return Promise.reject(unavailable());
      return new Promise<UpstreamAnswer>((resolve, reject) => {
        const body = new PassThrough();
        const sent = sendRequest(
          world.network,
          { from: process, to },
          { method: 'GET', url: path, headers, peer: servicePeer },
          {
            head: (status, said) => resolve({ status, headers: said, body }),
            chunk: (bytes) => void body.write(bytes),
            end(error) {
              if (error === undefined) body.end();
              else body.destroy(error);
              reject(error ?? unavailable());
            },
          },
        );
        // Who is told nothing more must not be told that it broke.
        body.on('error', () => undefined);
        signal.addEventListener('abort', () => {
          sent[Symbol.dispose]();
          body.destroy();
          reject(unavailable());
        });
      });
    },
    forward: () => {
      throw new Error('nobody asks for one consumer here');
    },
    revive: () => undefined,
    keep: () => undefined,
    endWatches: () => undefined,
    statistics: () => [],
    [Symbol.dispose]: () => undefined,
  };
}

export interface ApiReplicaNeeds {
  readonly host: string;
  /** The cluster of the provider, once it has one. */
  providerCluster(): string | undefined;
  fault(error: StatusError): void;
}

export function startApiReplica(world: World, needs: ApiReplicaNeeds): ApiReplica {
  const { network, lives, chance } = world;
  const process = createProcess(world.time, { host: needs.host, offsetMs: drawSkew(chance) });
  const register = followRegister(world, process);
  const { clock } = process;
  const backends = backendsOf(world, process);
  const contents = createContents(backends, clock);
  const nudger = createNudger<ShardRecord>(({ rpcAddress }, past) => {
    const life = lives.get(rpcAddress);
    if (life === undefined) return Promise.reject(new Error(`${rpcAddress} cannot be reached`));
    return network.call(process, life.process, askMs, () => life.ask(past));
  }, clock);
  createExclusions({
    shards: register,
    clock,
    progressOf: (name) => contents.progressOf(name) ?? nudger.progressOf(name),
    exclude: (name, at) => register.exclude(name, at),
    readmit: (name) => register.readmit(name),
    reachable: (shard) =>
      nudger.ask(shard).then(
        () => true,
        () => false,
      ),
  });
  const service = createService({
    inFlight: createServiceLoad().inFlight,
    context: {
      shards: {
        ...{ register, backends, nudger },
        byName: (name) => register.current().shards.find((shard) => shard.name === name),
        [Symbol.dispose]: () => undefined,
      },
      contents,
      clock,
      random: chanceRandom(chance),
    },
    identity: {
      signer: { sign: () => '' },
      verifier: { verify: () => undefined },
      isService: () => false,
      readCertificate: () => ({ kind: 'none' }),
    },
    directory: {
      resolve(path) {
        const cluster = needs.providerCluster();
        const isProvider = cluster !== undefined && path === cluster;
        return isProvider
          ? { status: 'found', cluster: cluster as ClusterName, shard: rootShard }
          : { status: 'unavailable' };
      },
      unheard: () => Promise.resolve(new Set()),
      index: { witnessOf: () => undefined },
    },
    labelsOf: ({ labels }) => labels,
    answerOwn: () => false,
    logFault: (_exchange, error) => needs.fault(error),
  });
  return { process, register, server: { process, handler: () => service.handler, mayAnswer: () => true } };
}
