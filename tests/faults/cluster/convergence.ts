/** How long after a fault's end everybody knows again what happens on a shard. */
import type { Answer, ApiClient } from '../../harness/api-client.ts';
import { custom, exportOf, exportsOf, logicalClusterOf, names, workspacesOf } from '../../harness/objects.ts';
import { pause } from './fault.ts';
import type { FaultInstallation } from './installation.ts';
import type { LoadTarget } from './recorder.ts';

/** Milliseconds from the fault's end until what was made after it is there for everybody. */
export interface Convergence {
  /** A new workspace on the shard can be reached through every front-proxy. */
  readonly index: number;
  /** A new export on the shard is in the cache. */
  readonly cache: number;
  /**
   * A new object of a consumer on the shard is in the provider's virtual workspace, through every
   * front-proxy.
   */
  readonly virtual: number;
}

const retryMs = 20;
const answerMs = 2_000;
const patienceMs = 30_000;

async function untilAnswered(
  ask: () => Promise<Answer>,
  holds: (answer: Answer) => boolean,
  what: string,
): Promise<void> {
  let last = 'no answer';
  for (const end = performance.now() + patienceMs; performance.now() < end; await pause(retryMs)) {
    const silence = pause(answerMs).then(() => undefined);
    const answer = await Promise.race([ask().catch(() => undefined), silence]);
    if (answer !== undefined && holds(answer)) return;
    if (answer !== undefined) last = `${answer.status} ${answer.text.slice(0, 500)}`;
  }
  throw new Error(`${what} was not there ${patienceMs / 1000} s after the fault: ${last}`);
}

/** A lost answer may have been a yes: then there is one by now. */
const created = ({ status }: Answer) => status === 201 || status === 409;
const found = ({ status }: Answer) => status === 200;

/** `endedAt`: when the fault was over, by `performance.now()`. */
export async function measureConvergence(
  { admin, masters, proxies, virtualPath }: FaultInstallation,
  target: LoadTarget,
  label: string,
  endedAt: number,
): Promise<Convergence> {
  const name = `after-${label}`;
  const since = () => performance.now() - endedAt;
  const everyProxy = (ask: (client: ApiClient) => Promise<Answer>, holds: (answer: Answer) => boolean, what: string) =>
    Promise.all(proxies.map((proxy) => untilAnswered(() => ask(proxy.client('')), holds, `${what} by ${proxy.name}`)));

  async function index(): Promise<number> {
    const location = { selector: { matchLabels: { name: target.shard } } };
    const spec = { type: { path: 'root', name: 'universal' }, location };
    const wanted = { apiVersion: 'tenancy.kcp.io/v1alpha1', kind: 'Workspace', metadata: { name }, spec };
    await untilAnswered(() => admin.post(workspacesOf('root'), wanted), created, 'a workspace');
    await everyProxy((client) => client.get(logicalClusterOf(`root:${name}`)), found, 'the new workspace');
    return since();
  }

  async function cache(): Promise<number> {
    await untilAnswered(() => admin.post(exportsOf(target.path), exportOf(name)), created, 'an export');
    const scope = `/services/cache/shards/${target.shard}/clusters/${target.cluster}`;
    const path = `${scope}/apis/apis.kcp.io/v1alpha2/apiexports/${name}`;
    await untilAnswered(() => masters.get(path), found, 'the new export in the cache');
    return since();
  }

  async function virtual(): Promise<number> {
    const path = `/clusters/${target.path}/apis/wild.west/v1alpha1/namespaces/default/cowboys`;
    await untilAnswered(() => admin.post(path, custom('Cowboy', name)), created, 'an object of a consumer');
    const list = `${virtualPath}/clusters/*/apis/wild.west/v1alpha1/cowboys?fieldSelector=metadata.name%3D${name}`;
    const has = (answer: Answer) => answer.status === 200 && names(answer.body).includes(name);
    await everyProxy((client) => client.get(list), has, 'the new object in the virtual workspace');
    return since();
  }

  const [indexMs, cacheMs, virtualMs] = await Promise.all([index(), cache(), virtual()]);
  return { index: indexMs, cache: cacheMs, virtual: virtualMs };
}
