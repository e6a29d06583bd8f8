/**
 * Races by their histories: what two clients do at once, round after round, and what must hold
 * whichever was faster. KCP_RACE_ROUNDS=200 runs more of them.
 */
import type { KubeObject } from '@kcp-ts/api';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { WatchEvent } from '../harness/api-client.ts';
import { raceRounds } from '../harness/config.ts';
import type { MadeWorkspace } from '../harness/objects.ts';
import {
  accepted,
  base,
  bind,
  bindingsOf,
  bindingTo,
  condition,
  configMap,
  configMapsOf,
  custom,
  definition,
  definitionsOf,
  done,
  exportOf,
  exportsOf,
  field,
  logicalClusterOf,
  makeWorkspace,
  names,
  provide,
  rbacOf,
  rejected,
  virtualWorkspace,
  workspacesOf,
} from '../harness/objects.ts';
import type { TestServer } from '../harness/server.ts';
import { startServer } from '../harness/server.ts';

const timeoutMs = 20_000 + raceRounds * 3_000;

let server: TestServer;
let admin: TestServer['admin'];
let providers: readonly [MadeWorkspace, MadeWorkspace];

const cowboysOf = (path: string) => `${base(path)}/apis/wild.west/v1alpha1/namespaces/default/cowboys`;
const universal = { type: { path: 'root', name: 'universal' } };

beforeAll(async () => {
  server = await startServer();
  ({ admin } = server);
  const [one, two] = await Promise.all(
    ['provider-one', 'provider-two'].map((name) => makeWorkspace(admin, 'root', name, universal)),
  );
  if (one === undefined || two === undefined) throw new Error('there are two providers');
  providers = [one, two];
  for (const { path } of providers) await provide(admin, path, 'cowboys', 'cowboys');
}, 120_000);

afterAll(() => server?.[Symbol.asyncDispose]());

/**
 * Runs a round in a workspace of its own, as often as asked, and says what went wrong in which of
 * them.
 */
async function rounds(name: string, round: (consumer: MadeWorkspace, index: number) => Promise<string | undefined>) {
  const violations: string[] = [];
  for (let index = 0; index < raceRounds; index++) {
    const consumer = await makeWorkspace(admin, 'root', `${name}-${index}`, universal);
    const violation = await round(consumer, index);
    if (violation !== undefined) violations.push(`round ${index}: ${violation}`);
  }
  expect(violations).toEqual([]);
}

const settled = (body: unknown) => condition(body, 'BindingUpToDate') !== undefined;

function holdsCowboys(binding: KubeObject): boolean {
  const bound = (field(binding, 'status.boundResources') ?? []) as { resource: string }[];
  return bound.some(({ resource }) => resource === 'cowboys');
}

it(
  'of two bindings that bring one resource, made at once, one has it',
  () =>
    rounds('skew', async ({ path }) => {
      await Promise.all(
        providers.map((provider, i) =>
          done(admin.post(bindingsOf(path), bindingTo(`b${i}`, provider.path, 'cowboys'))),
        ),
      );
      const bindings = await Promise.all(
        providers.map((_provider, i) => admin.until(`${bindingsOf(path)}/b${i}`, ({ body }) => settled(body))),
      );
      const holders = bindings.filter(({ body }) => holdsCowboys(body)).map(({ body }) => body.metadata.name);
      const { body } = await admin.get(logicalClusterOf(path));
      const text = body.metadata.annotations?.['internal.apis.kcp.io/resource-bindings'] ?? '{}';
      const lock = (JSON.parse(text) as Record<string, { n?: string }>)['cowboys.wild.west']?.n;
      return holders.length === 1 && lock === holders[0] ? undefined : `held by ${holders.join()}, locked by ${lock}`;
    }),
  timeoutMs,
);

it(
  'of a binding and a definition that bring one resource, made at once, one has it',
  () =>
    rounds('mixed', async ({ path }) => {
      await Promise.all([
        done(admin.post(bindingsOf(path), bindingTo('binding', providers[0].path, 'cowboys'))),
        done(admin.post(definitionsOf(path), definition('cowboys'))),
      ]);
      const { body: binding } = await admin.until(`${bindingsOf(path)}/binding`, ({ body }) => settled(body));
      const { body: made } = await admin.until(
        `${definitionsOf(path)}/cowboys.wild.west`,
        ({ body }) => condition(body, 'Established') !== undefined,
      );
      const established = condition(made, 'Established')?.startsWith('True') === true;
      return holdsCowboys(binding) !== established ? undefined : `bound ${established}, established ${established}`;
    }),
  timeoutMs,
);

it(
  'of definitions that want the same names, made at once, one has them',
  () =>
    rounds('names', async ({ path }) => {
      const plurals = ['cowboys', 'riders', 'herders', 'drovers'];
      const { names: wanted } = definition('cowboys').spec;
      await Promise.all(
        plurals.map((plural) => {
          const made = definition(plural);
          return done(
            admin.post(definitionsOf(path), { ...made, spec: { ...made.spec, names: { ...wanted, plural } } }),
          );
        }),
      );
      const accepting: string[] = [];
      for (const plural of plurals) {
        const url = `${definitionsOf(path)}/${plural}.wild.west`;
        const { body } = await admin.until(url, (answer) => condition(answer.body, 'NamesAccepted') !== undefined);
        if (condition(body, 'NamesAccepted')?.startsWith('True') === true) accepting.push(plural);
      }
      return accepting.length === 1 ? undefined : `accepted: ${accepting.join()}`;
    }),
  timeoutMs,
);

it(
  'of two bindings to one export, deleted at once, none leaves instances behind',
  () =>
    rounds('together', async ({ path, cluster }) => {
      await bind(admin, path, providers[0].path, 'cowboys');
      await done(admin.post(bindingsOf(path), bindingTo('second', providers[0].path, 'cowboys')));
      await admin.until(`${bindingsOf(path)}/second`, ({ body }) => settled(body));
      await done(admin.post(cowboysOf(path), custom('Cowboy', 'left')));
      const both = ['cowboys', 'second'].map((name) => `${bindingsOf(path)}/${name}`);
      await Promise.all(both.map((url) => done(admin.delete(url))));
      for (const url of both) await admin.until(url, ({ status }) => status === 404);
      await bind(admin, path, providers[0].path, 'cowboys');
      const left = names((await admin.get(cowboysOf(path))).body);
      return left.length === 0 ? undefined : `${left.join()} is left in ${cluster}`;
    }),
  timeoutMs,
);

it(
  'a cluster that goes while others write in it is gone altogether',
  () =>
    rounds('removed', async ({ path, cluster }, index) => {
      const binding = (name: string) => ({
        apiVersion: 'rbac.authorization.k8s.io/v1',
        kind: 'ClusterRoleBinding',
        metadata: { name },
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' },
      });
      await Promise.all(
        Array.from({ length: 110 }, (_, i) =>
          done(admin.post(`${rbacOf(path)}/clusterrolebindings`, binding(`n${i}`))),
        ),
      );
      let going = true;
      const writer = (async () => {
        for (let i = 0; going; i++) {
          await admin.patch(`${rbacOf(path)}/clusterrolebindings/n${i % 110}`, { metadata: { labels: { i: `${i}` } } });
          await admin.post(exportsOf(path), exportOf(`e${i}`));
          await admin.post(configMapsOf(path), configMap(`m${i}`));
        }
      })();
      await done(admin.delete(`${workspacesOf('root')}/removed-${index}`));
      await admin.until(`${workspacesOf('root')}/removed-${index}`, ({ status }) => status === 404);
      going = false;
      await writer;
      const left: string[] = [];
      for (const kind of ['/api/v1/secrets', '/api/v1/configmaps', '/api/v1/namespaces'])
        left.push(...inCluster((await server.shardAdmin.get(`/clusters/*${kind}`)).body, cluster));
      const rbac = '/clusters/*/apis/rbac.authorization.k8s.io/v1/clusterrolebindings';
      left.push(...inCluster((await server.shardAdmin.get(rbac)).body, cluster));
      return left.length === 0 ? undefined : `${left.length} objects are left: ${left.slice(0, 3).join()}`;
    }),
  timeoutMs,
);

function inCluster(list: unknown, cluster: string): string[] {
  const items = (field(list, 'items') ?? []) as KubeObject[];
  return items
    .filter(({ metadata }) => metadata.annotations?.['kcp.io/cluster'] === cluster)
    .map(({ metadata }) => metadata.name);
}

/** Objects by namespace and name, each with its resourceVersion: what a client holds. */
type Held = Map<string, string>;

function put(held: Held, { metadata }: KubeObject): void {
  held.set(`${metadata.namespace}/${metadata.name}`, metadata.resourceVersion ?? '');
}

function heldOf(list: unknown, cluster: string): Held {
  const held: Held = new Map();
  for (const object of (field(list, 'items') ?? []) as KubeObject[])
    if (object.metadata.annotations?.['kcp.io/cluster'] === cluster) put(held, object);
  return held;
}

const shown = (held: Held) => [...held].map((entry) => entry.join(' ')).sort();

/**
 * A client that applies what a watch tells of one cluster, on what it holds already. `wrong`:
 * events that do not follow from the ones before.
 */
function follow(url: string, cluster: string, held: Held) {
  const wrong: string[] = [];
  const stop = new AbortController();
  const { promise: begun, resolve: begin } = Promise.withResolvers<void>();
  let notify = () => {};
  function apply({ type, object }: WatchEvent): void {
    if (type === 'ERROR') wrong.push(`an error: ${JSON.stringify(object)}`);
    if (type === 'ERROR' || type === 'BOOKMARK' || object.metadata.annotations?.['kcp.io/cluster'] !== cluster) return;
    const name = `${object.metadata.namespace}/${object.metadata.name}`;
    if ((type === 'ADDED') === held.has(name))
      wrong.push(`${name} is ${type} and was ${held.has(name) ? '' : 'not '}there`);
    if (type === 'DELETED') held.delete(name);
    else put(held, object);
  }
  const watching = (async () => {
    for await (const event of admin.watch(url, stop.signal)) {
      apply(event);
      begin();
      notify();
    }
  })()
    .catch(() => undefined)
    .finally(begin);
  return {
    held,
    wrong,
    /**
     * Resolves at the first event: a watch that begins while the claim is rejected may not watch
     * one consumer.
     */
    begun,
    /** Resolves when it holds just that, or not within ten seconds. */
    async until(wanted: Held): Promise<void> {
      const end = performance.now() + 10_000;
      while (shown(held).join() !== shown(wanted).join() && performance.now() < end) {
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, 200);
          notify = () => {
            clearTimeout(timer);
            resolve();
          };
        });
      }
    },
    async end(): Promise<void> {
      stop.abort();
      await watching;
    },
  };
}

function difference(who: string, held: Held, wanted: Held): string[] {
  const [has, should] = [shown(held), shown(wanted)];
  const lost = should.filter((text) => !has.includes(text));
  const tooMany = has.filter((text) => !should.includes(text));
  return lost.length + tooMany.length === 0 ? [] : [`${who} lacks ${lost.join()} and has ${tooMany.join()}`];
}

const claim = { group: '', resource: 'configmaps', verbs: ['*'] };
const fromNow = 'watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true';

/** Four writers at once, each with objects of its own, of which it deletes some. */
async function writeAll(path: string): Promise<void> {
  const write = async (writer: number): Promise<void> => {
    for (let i = 0; i < 8; i++) {
      const name = `w${writer}-${i}`;
      await done(admin.post(configMapsOf(path), configMap(name)));
      await done(admin.patch(`${configMapsOf(path)}/${name}`, { data: { a: '2' } }));
      if (i % 3 === 0) await done(admin.delete(`${configMapsOf(path)}/${name}`));
    }
  };
  await Promise.all([0, 1, 2, 3].map(write));
}

it(
  'a watch of claimed objects shows what is granted, whatever is written while the claim is rejected and accepted again',
  async () => {
    await done(admin.post(exportsOf(providers[0].path), exportOf('claims', { claims: [claim] })));
    const source = `${exportsOf(providers[0].path)}/claims`;
    await admin.until(source, ({ body }) => condition(body, 'IdentityValid') === 'True');
    await rounds('toggled', async ({ path, cluster }, index) => {
      await bind(admin, path, providers[0].path, 'claims', [accepted(claim)]);
      const virtual = await virtualWorkspace(admin, providers[0].path, 'claims');
      // One consumer's view, and that of all of them, merged where there are several shards.
      const url = `${virtual}/clusters/${index % 2 === 0 ? cluster : '*'}/api/v1/configmaps`;
      const open = follow(`${url}?${fromNow}`, cluster, new Map());
      await open.begun;
      const written = writeAll(path);
      const binding = `${bindingsOf(path)}/claims`;
      const toggle = (state: typeof accepted) =>
        done(admin.patch(binding, { spec: { permissionClaims: [state(claim)] } }));
      await toggle(rejected);
      await toggle(accepted);
      await toggle(rejected);
      // A client that lists in the middle, and goes on from there, may get deletions of what it
      // never saw; but it ends up with the same.
      const list = await done(admin.get(url));
      const goOn = `${url}?watch=1&resourceVersion=${field(list, 'metadata.resourceVersion')}`;
      // One consumer's view cannot be watched while it rejects the claim.
      if (index % 2 === 0) await toggle(accepted);
      const late = follow(goOn, cluster, heldOf(list, cluster));
      if (index % 2 !== 0) await toggle(accepted);
      await written;
      await admin.until(binding, ({ body }) => condition(body, 'PermissionClaimsApplied') === 'True');
      const all = heldOf((await admin.get(`${base(path)}/api/v1/configmaps`)).body, cluster);
      await Promise.all([open.until(all), late.until(all)]);
      const listed = heldOf((await admin.get(url)).body, cluster);
      await Promise.all([open.end(), late.end()]);
      const violations = [
        ...difference('the list', listed, all),
        ...difference('the open watch', open.held, all),
        ...difference('the late watch', late.held, all),
        ...open.wrong,
        ...late.wrong.filter((text) => text.startsWith('an error')),
      ];
      return violations.length === 0 ? undefined : violations.slice(0, 4).join('; ');
    });
  },
  timeoutMs,
);

it(
  'an export that is made again with another identity takes no objects away, and nobody else shows them',
  async () => {
    const provider = await makeWorkspace(admin, 'root', 'renewed', universal);
    const consumer = await makeWorkspace(admin, 'root', 'renewed-consumer', universal);
    const identity = await provide(admin, provider.path, 'cowboys', 'cowboys');
    await bind(admin, consumer.path, provider.path, 'cowboys');
    await done(admin.post(cowboysOf(consumer.path), custom('Cowboy', 'kept')));
    const secrets = `${base(provider.path)}/api/v1/namespaces/kcp-system/secrets/cowboys`;
    await done(admin.delete(`${exportsOf(provider.path)}/cowboys`));
    await done(admin.delete(secrets));
    await done(admin.post(exportsOf(provider.path), exportOf('cowboys', { resources: [{ plural: 'cowboys' }] })));
    const { body: renewed } = await admin.until(
      `${exportsOf(provider.path)}/cowboys`,
      ({ body }) => condition(body, 'IdentityValid') === 'True',
    );
    expect(field(renewed, 'status.identityHash')).not.toBe(identity);
    const { body: binding } = await admin.until(
      `${bindingsOf(consumer.path)}/cowboys`,
      ({ body }) => condition(body, 'Ready')?.startsWith('False') === true,
    );
    expect(field(binding, 'status.boundResources.0.schema.identityHash')).toBe(identity);
    expect(names((await admin.get(cowboysOf(consumer.path))).body)).toEqual(['kept']);
  },
  timeoutMs,
);
