/** A client of the API: of shards by name, or of the replicas of virtual-workspaces. */
import type { KubeObject } from '@kcp-ts/api';
import type { SimProcess } from '../process.ts';
import { createProcess } from '../process.ts';
import type { Simulation } from '../simulation.ts';
import { clientPeer, shardServer, userHeader } from './api-shard.ts';
import { askFor } from './exchange.ts';

export interface ApiAnswer {
  readonly status: number;
  readonly body: KubeObject;
}

export interface SimApiClient {
  readonly process: SimProcess;
  /** Undefined where nobody knows what has become of it. */
  ask(shard: string, method: string, url: string, body?: object): Promise<ApiAnswer | undefined>;
  /** Again and again, until an answer is as it should be. */
  insist(
    shard: string,
    method: string,
    url: string,
    ask: { readonly body?: object; readonly until: (answer: ApiAnswer) => boolean },
  ): Promise<ApiAnswer>;
  pause(milliseconds: number): Promise<void>;
}

const callMs = 3_000;
const againMs = 200;

export function createSimApiClient(simulation: Simulation, host: string, user: string): SimApiClient {
  const process = createProcess(simulation.time, { host, offsetMs: 0 });
  const pause = (milliseconds: number) =>
    new Promise<void>((resolve) => void simulation.time.after(milliseconds, resolve));

  async function ask(shard: string, method: string, url: string, body?: object): Promise<ApiAnswer | undefined> {
    const to = shardServer(simulation, shard);
    if (to === undefined) return undefined;
    const type = method === 'PATCH' ? 'application/merge-patch+json' : 'application/json';
    const headers = { [userHeader]: user, accept: 'application/json', 'content-type': type };
    try {
      const { status, text } = await askFor(
        simulation.network,
        { from: process, to },
        { method, url, headers, body, peer: clientPeer },
        callMs,
      );
      return { status, body: JSON.parse(text === '' ? '{}' : text) as KubeObject };
    } catch {
      return undefined;
    }
  }

  return {
    process,
    ask,
    pause,
    async insist(shard, method, url, { body, until }) {
      for (;;) {
        const answer = await ask(shard, method, url, body);
        if (answer !== undefined && until(answer)) return answer;
        await pause(againMs);
      }
    },
  };
}
