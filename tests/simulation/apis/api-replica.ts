/**
 * One replica of virtual-workspaces: the service of the real thing, whose requests go over the
 * simulated network.
 */
import { PassThrough } from 'node:stream';
import type { ClusterName, StatusError } from '@kcp-ts/api';
import type { UpstreamAnswer } from '@kcp-ts/http';
import { createServiceLoad } from '@kcp-ts/program';
import type { Backends } from '@kcp-ts/sharding';
import {
  createExclusions,
  createProgressRequester,
  createUpstreamWatches,
  createVirtualWorkspacesHandler,
  unavailable,
} from '@kcp-ts/sharding';
import type { SimMembership } from '../membership.ts';
import { followMembership } from '../membership.ts';
import type { SimProcess } from '../process.ts';
import { createProcess, drawSkew } from '../process.ts';
import type { Simulation } from '../simulation.ts';
import { chanceRandom, rootShard, serverAt, servicePeer } from './api-shard.ts';
import type { SimServer } from './exchange.ts';
import { sendRequest } from './exchange.ts';

export interface ApiReplica {
  readonly process: SimProcess;
  readonly membership: SimMembership;
  readonly server: SimServer;
}

const askMs = 2_000;

function backendsOf(simulation: Simulation, process: SimProcess): Backends {
  return {
    request(url, path, headers, signal) {
      const to = serverAt(simulation, url);
      if (to === undefined) return Promise.reject(unavailable());
      return new Promise<UpstreamAnswer>((resolve, reject) => {
        const body = new PassThrough();
        const sent = sendRequest(
          simulation.network,
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
        // A handler that gets nothing more must not get that the stream broke.
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
    endWatches: () => Promise.resolve(),
    statistics: () => [],
    [Symbol.dispose]: () => undefined,
  };
}

export interface ApiReplicaDependencies {
  readonly host: string;
  /** The cluster of the provider, once it has one. */
  providerCluster(): string | undefined;
  fault(error: StatusError): void;
}

export function startApiReplica(simulation: Simulation, deps: ApiReplicaDependencies): ApiReplica {
  const { network, incarnations, chance } = simulation;
  const process = createProcess(simulation.time, { host: deps.host, offsetMs: drawSkew(chance) });
  const membership = followMembership(simulation, process);
  const { clock } = process;
  const backends = backendsOf(simulation, process);
  const upstreamWatches = createUpstreamWatches(backends, clock);
  const progressRequester = createProgressRequester(({ rpcAddress }, past) => {
    const life = incarnations.get(rpcAddress);
    if (life === undefined) return Promise.reject(new Error(`${rpcAddress} cannot be reached`));
    return network.call(process, life.process, askMs, () => life.ask(past));
  }, clock);
  createExclusions({
    shards: membership,
    clock,
    progressOf: (name) => upstreamWatches.progressOf(name) ?? progressRequester.progressOf(name),
    exclude: (name, at) => membership.exclude(name, at),
    readmit: (name) => membership.readmit(name),
    reachable: (shard) =>
      progressRequester.ask(shard).then(
        () => true,
        () => false,
      ),
  });
  const service = createVirtualWorkspacesHandler({
    inFlight: createServiceLoad().inFlight,
    merge: {
      shards: {
        membership,
        backends,
        progressRequester,
        byName: (name) => membership.current().shards.find((shard) => shard.name === name),
        [Symbol.dispose]: () => undefined,
      },
      upstreamWatches,
      clock,
      random: chanceRandom(chance),
    },
    caller: {
      signer: { sign: () => '' },
      verifier: { verify: () => undefined },
      isService: () => false,
      readCertificate: () => ({ kind: 'none' }),
    },
    directory: {
      resolve(path) {
        const cluster = deps.providerCluster();
        const isProvider = cluster !== undefined && path === cluster;
        return isProvider
          ? { status: 'found', cluster: cluster as ClusterName, shard: rootShard }
          : { status: 'unavailable' };
      },
      staleShards: () => Promise.resolve(new Set()),
      index: { oracleOf: () => undefined },
    },
    labelsOf: ({ labels }) => labels,
    answerOwn: () => undefined,
    logFault: (_exchange, error) => deps.fault(error),
  });
  return { process, membership, server: { process, handler: () => service.handler, mayAnswer: () => true } };
}
