/**
 * A provider's client: it lists over all consumers, watches, goes away and comes back to any
 * replica; and all that it was shown, for the checker.
 */

import type { KubeObject, Revision } from '@kcp-ts/api';
import { formatResourceVersion, parseResourceVersion } from '@kcp-ts/api';
import type { Position } from '@kcp-ts/sharding';
import { revisionAt } from '@kcp-ts/storage';
import { createProcess } from '../process.ts';
import { mergedPosition } from '../replica.ts';
import type { Simulation } from '../simulation.ts';
import type { ApiReplica } from './api-replica.ts';
import { clientPeer, userHeader } from './api-shard.ts';
import type { SimRequest } from './exchange.ts';
import { askFor, sendRequest } from './exchange.ts';
import type { Provider } from './provider.ts';
import { exportName } from './provider.ts';
import type { Watched } from './truth.ts';
import { idOf, urlOf } from './truth.ts';

export interface ShownEvent extends Position {
  readonly type: string;
  readonly id: string;
}

/** From one list to the 410 that makes it list again. */
export interface ApiSegment {
  readonly start: Revision;
  /** The list was complete by then. */
  listedBy: Revision;
  /** What was shown at first, with the resourceVersion of each. */
  readonly state: Map<string, string>;
  /** The watch began with its state. */
  readonly inWatch: boolean;
  readonly events: ShownEvent[];
  position: Position;
  /** Ended by a 410. */
  gone: boolean;
}

export interface ApiWatcher {
  readonly watched: Watched;
  readonly segments: readonly ApiSegment[];
}

export interface ApiWatcherDependencies {
  readonly simulation: Simulation;
  readonly host: string;
  readonly watched: Watched;
  readonly replicas: readonly ApiReplica[];
  readonly provider: Provider;
  readonly restless: () => boolean;
}

interface WatchLine {
  readonly type: string;
  readonly object: KubeObject & { readonly code?: number };
}

const callMs = 5_000;

function parse(text: string | undefined): Position {
  const found = parseResourceVersion(text ?? '');
  if (found === undefined) throw new Error(`${text} is no resourceVersion`);
  return found;
}

function positionOf(object: KubeObject): Position {
  return parse(object.metadata.resourceVersion);
}

export function createApiWatcher(deps: ApiWatcherDependencies): ApiWatcher {
  const { simulation, watched, replicas, provider } = deps;
  const { time, chance, network } = simulation;
  const process = createProcess(time, { host: deps.host, offsetMs: 0 });
  const segments: ApiSegment[] = [];
  let turn = 0;

  function again(run: () => void, milliseconds: number): void {
    const mine = ++turn;
    time.after(milliseconds, () => {
      if (turn === mine) run();
    });
  }

  function request(query: Readonly<Record<string, string>>): SimRequest {
    const url = `/services/apiexport/${provider.cluster()}/${exportName}/clusters/*${urlOf(watched)}`;
    return {
      method: 'GET',
      url: `${url}?${new URLSearchParams(query)}`,
      headers: { [userHeader]: 'provider', accept: 'application/json' },
      peer: clientPeer,
    };
  }

  const replica = () => chance.pick(replicas)?.server ?? { process, handler: () => undefined, mayAnswer: () => true };

  /** Undefined where it has to be begun again. */
  async function listPages(): Promise<ApiSegment | undefined> {
    const limit = chance.happens(0.5) ? {} : { limit: '3' };
    const state = new Map<string, string>();
    let token: string | undefined;
    for (;;) {
      const query = { ...limit, ...(token === undefined ? {} : { continue: token }) };
      const { status, text } = await askFor(network, { from: process, to: replica() }, request(query), callMs);
      if (status !== 200) return undefined;
      const list = JSON.parse(text) as {
        metadata: { resourceVersion: string; continue?: string };
        items: KubeObject[];
      };
      for (const item of list.items) state.set(idOf(item), item.metadata.resourceVersion ?? '');
      token = list.metadata.continue;
      if (token !== undefined) {
        if (chance.happens(0.05))
          await new Promise<void>((resolve) => void time.after(chance.between(1, 1_500), resolve));
        continue;
      }
      const { revision } = parse(list.metadata.resourceVersion);
      return segmentOf(revision, state, false);
    }
  }

  function segmentOf(start: Revision, state: Map<string, string>, inWatch: boolean): ApiSegment {
    const listedBy = revisionAt(time.wall());
    return { start, listedBy, state, inWatch, events: [], position: mergedPosition(start), gone: false };
  }

  function list(): void {
    if (provider.cluster() === undefined) again(list, 200);
    else if (chance.happens(0.3)) follow(undefined);
    else {
      void listPages()
        .catch(() => undefined)
        .then((segment) => {
          if (segment !== undefined) segments.push(segment);
          again(() => (segment === undefined ? list() : follow(segment)), chance.between(0, 200));
        });
    }
  }

  function goOn(segment: ApiSegment | undefined, withinMs: number): void {
    const isOver = segment === undefined || segment.gone;
    again(() => (isOver ? list() : follow(segment)), chance.between(1, withinMs));
  }

  /** Without a segment, the state comes first. */
  function follow(before: ApiSegment | undefined): void {
    let segment = before;
    const early = new Map<string, string>();
    const mine = ++turn;
    let rest = '';
    let status = 0;
    let isGone = false;

    function take({ type, object }: WatchLine): void {
      if (type === 'ERROR') {
        isGone = object.code === 410;
        return;
      }
      if (type === 'BOOKMARK') {
        const at = positionOf(object);
        if (segment === undefined) {
          segment = segmentOf(at.revision, early, true);
          segments.push(segment);
        } else segment.position = at;
        return;
      }
      if (segment === undefined) {
        early.set(idOf(object), object.metadata.resourceVersion ?? '');
        return;
      }
      segment.position = positionOf(object);
      segment.events.push({ ...segment.position, type, id: idOf(object) });
    }

    const from =
      segment === undefined
        ? { sendInitialEvents: 'true', resourceVersionMatch: 'NotOlderThan' }
        : { resourceVersion: formatResourceVersion(segment.position.revision, segment.position.shard) };
    const query = { watch: 'true', allowWatchBookmarks: 'true', timeoutSeconds: '1000', ...from };
    const sent = sendRequest(network, { from: process, to: replica() }, request(query), {
      head(said) {
        status = said;
      },
      chunk(bytes) {
        if (turn !== mine) return;
        rest += Buffer.from(bytes).toString();
        const lines = rest.split('\n');
        rest = lines.pop() ?? '';
        if (status === 200) for (const line of lines) take(JSON.parse(line) as WatchLine);
      },
      end() {
        if (turn !== mine) return;
        if (segment !== undefined && (isGone || status === 410)) segment.gone = true;
        goOn(segment, status === 200 ? 50 : 300);
      },
    });

    function look(): void {
      time.after(chance.between(50, 700), () => {
        if (turn !== mine) return;
        if (deps.restless() && chance.happens(0.3)) {
          sent[Symbol.dispose]();
          goOn(segment, chance.happens(0.3) ? 5_000 : 200);
        } else look();
      });
    }
    look();
  }

  again(list, chance.between(0, 500));
  return { watched, segments };
}
