/**
 * A consumer: its workspace comes and goes, it binds and unbinds the export, accepts and rejects
 * the claim, and writes all the while.
 */
import {
  bindingsOf,
  bindingTo,
  configMap,
  configMapsOf,
  custom,
  field,
  logicalClusterOf,
  workspacesOf,
} from '../../harness/objects.ts';
import type { Simulation } from '../simulation.ts';
import type { ApiAnswer, SimApiClient } from './api-client.ts';
import { rootShard } from './api-shard.ts';
import type { Provider } from './provider.ts';
import { claim, exportName } from './provider.ts';

export interface ConsumerDependencies {
  readonly simulation: Simulation;
  readonly admin: SimApiClient;
  /** Where it is a home: who it is the home of. */
  readonly owner: SimApiClient | undefined;
  readonly name: string;
  readonly provider: Provider;
  readonly untilMs: number;
  /** Finally it stays as it is. */
  readonly writes: (what: string) => void;
}

interface Place {
  readonly cluster: string;
  readonly shard: string;
}

const teams = ['red', 'blue'];
const bindings = ['b0', 'b1'];
/** More than are removed in one commit. */
const many = 130;

export function startConsumer({
  simulation,
  admin,
  owner,
  name,
  provider,
  untilMs,
  writes,
}: ConsumerDependencies): void {
  const { time, chance } = simulation;
  let place: Place | undefined;

  const ask = (at: Place, method: string, url: string, body?: object) => {
    writes(`${method} ${url}`);
    return admin.ask(at.shard, method, url, body);
  };
  const team = () => ({ labels: { team: chance.pick(teams) ?? '' } });

  function selector(): object {
    return chance.happens(0.5) ? { matchAll: true } : { matchLabels: team().labels };
  }

  function grant(): object {
    return { ...claim, selector: selector(), state: chance.happens(0.6) ? 'Accepted' : 'Rejected' };
  }

  async function writeObject(at: Place): Promise<void> {
    const isClaimed = chance.happens(0.6);
    const url = isClaimed ? configMapsOf(at.cluster) : `/clusters/${at.cluster}/apis/wild.west/v1alpha1/widgets`;
    const object = `${isClaimed ? 'm' : 'w'}${chance.integer(4)}`;
    const how = chance.fraction();
    if (how < 0.45) {
      const metadata = { name: object, ...team() };
      const body = isClaimed ? configMap(object, { metadata }) : custom('Widget', object, { metadata });
      await ask(at, 'POST', url, body);
    } else if (how < 0.75) await ask(at, 'PATCH', `${url}/${object}`, { metadata: team() });
    else await ask(at, 'DELETE', `${url}/${object}`);
  }

  async function bind(at: Place): Promise<void> {
    const cluster = provider.cluster();
    if (cluster === undefined) return;
    await Promise.all(
      some().map((name) => ask(at, 'POST', bindingsOf(at.cluster), bindingTo(name, cluster, exportName, [grant()]))),
    );
  }

  async function unbind(at: Place): Promise<void> {
    await Promise.all(some().map((name) => ask(at, 'DELETE', `${bindingsOf(at.cluster)}/${name}`)));
  }

  /** Two at once have to agree. */
  function some(): readonly string[] {
    return chance.happens(0.3) ? bindings : [binding()];
  }

  /** Mostly the same one. */
  function binding(): string {
    return (chance.happens(0.85) ? bindings[0] : bindings[1]) ?? '';
  }

  async function decide(at: Place): Promise<void> {
    await ask(at, 'PATCH', `${bindingsOf(at.cluster)}/${binding()}`, { spec: { permissionClaims: [grant()] } });
    // Taken back before anybody has looked.
    if (chance.happens(0.4))
      await ask(at, 'PATCH', `${bindingsOf(at.cluster)}/${binding()}`, { spec: { permissionClaims: [grant()] } });
  }

  async function fill(at: Place): Promise<void> {
    await Promise.all(
      Array.from({ length: many }, (_, i) => ask(at, 'POST', configMapsOf(at.cluster), configMap(`n${i}`))),
    );
  }

  const isGone = ({ status }: ApiAnswer) => status === 404;

  async function make(): Promise<Place> {
    if (owner !== undefined) {
      const { body } = await owner.insist(rootShard, 'GET', `${workspacesOf('root')}/~`, {
        until: (answer) => field(answer.body, 'status.phase') === 'Ready',
      });
      return { cluster: String(field(body, 'spec.cluster')), shard: rootShard };
    }
    const spec = { type: { path: 'root', name: 'universal' } };
    const wanted = { apiVersion: 'tenancy.kcp.io/v1alpha1', kind: 'Workspace', metadata: { name }, spec };
    await admin.insist(rootShard, 'POST', workspacesOf('root'), {
      body: wanted,
      until: ({ status }) => status < 300 || status === 409,
    });
    const { body } = await admin.insist(rootShard, 'GET', `${workspacesOf('root')}/${name}`, {
      until: (answer) => field(answer.body, 'status.phase') === 'Ready',
    });
    const annotations = body.metadata.annotations ?? {};
    const [shard = rootShard] = Object.entries(annotations).flatMap(([key, value]) =>
      key.endsWith('core.kcp.io/shard') ? [value] : [],
    );
    return { cluster: String(field(body, 'spec.cluster')), shard };
  }

  /** Others go on writing meanwhile. */
  async function remove(at: Place): Promise<void> {
    if (chance.happens(0.3)) await fill(at);
    const url = owner === undefined ? `${workspacesOf('root')}/${name}` : logicalClusterOf(at.cluster);
    const until = (answer: ApiAnswer) => answer.status < 300 || isGone(answer);
    await admin.insist(rootShard, 'DELETE', url, { until });
    // A home is asked for again at once: it is not made before the former one is gone.
    if (owner === undefined) await admin.insist(rootShard, 'GET', url, { until: isGone });
    place = undefined;
    await admin.pause(chance.between(0, 500));
    place = await make();
  }

  async function act(): Promise<void> {
    const at = place;
    if (at === undefined) return;
    const how = chance.fraction();
    if (how < 0.6) await writeObject(at);
    else if (how < 0.72) await bind(at);
    else if (how < 0.9) await decide(at);
    else if (how < 0.96) await unbind(at);
  }

  function again(): void {
    if (time.now() > untilMs) return;
    void act();
    time.after(chance.happens(0.2) ? chance.between(0, 3) : chance.between(20, 300), again);
  }

  function removeAgain(): void {
    if (time.now() > untilMs) return;
    if (chance.happens(0.3) || place === undefined) time.after(chance.between(500, 4_000), removeAgain);
    else void remove(place).then(() => time.after(chance.between(500, 4_000), removeAgain));
  }

  void make().then((made) => {
    place = made;
    const at = made;
    void bind(at);
    again();
    time.after(chance.between(2_000, 8_000), removeAgain);
  });
}
