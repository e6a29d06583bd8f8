import { createTurns } from '@kcp-ts/base';
import { expect, it } from 'vitest';
import type { Question } from './attributes.ts';
import { createRbac } from './rbac.ts';
import type { Binding, RuleSource } from './rule-source.ts';
import { ruleSourceOf } from './rule-source-of.ts';

const question = (namespace = ''): Question => ({
  kind: 'resource',
  verb: 'get',
  group: '',
  version: 'v1',
  resource: 'pods',
  subresource: '',
  name: 'x',
  namespace,
});
const userOf = (name: string) => ({ name, groups: [] });
const bindingTo = (name: string, user = name): Binding => ({
  metadata: { name },
  roleRef: { kind: 'ClusterRole', name: 'reader' },
  subjects: [{ kind: 'User', name: user }],
});

/**
 * A cluster of many bindings, each of which takes a millisecond to read; turns are taken when the
 * test says so.
 */
function observed(count: number) {
  let nowMs = 0;
  const waiting: (() => void)[] = [];
  const names = Array.from({ length: count }, (_, index) => `user-${index}`);
  const bindings = names.map((name) => bindingTo(name));
  const reader = [{ verbs: ['get'], apiGroups: [''], resources: ['pods'] }];
  const fixture = {
    clusterRoles: { ws: { reader } },
    clusterRoleBindings: { ws: [...bindings] },
    roleBindings: {
      'ws/ns': bindings.map(({ roleRef, metadata }) => ({ ...bindingTo(`${metadata?.name}-ns`), roleRef })),
    },
  };
  const plain = ruleSourceOf(fixture);
  let read = 0;
  function* slowly(found: Iterable<Binding>): Generator<Binding> {
    for (const binding of found) {
      nowMs += 1;
      read++;
      yield binding;
    }
  }
  const source: RuleSource = {
    ...plain,
    clusterRoleBindings: (cluster) => slowly(plain.clusterRoleBindings(cluster)),
    roleBindings: (cluster, namespace) => slowly(plain.roleBindings(cluster, namespace)),
  };
  const rbac = createRbac(source);
  const turns = createTurns({ clock: { monotonic: () => nowMs }, nextTurn: (run) => void waiting.push(run) });
  return {
    rbac,
    turns,
    fixture,
    names,
    read: () => read,
    /** One turn after the other, until nothing waits; the most that was read in one. */
    async rest(): Promise<number> {
      let most = 0;
      for (let run = waiting.shift(); run !== undefined; run = waiting.shift()) {
        const before = read;
        run();
        await new Promise((resolve) => setImmediate(resolve));
        most = Math.max(most, read - before);
      }
      return most;
    },
  };
}

it('the bindings of a large cluster and namespace are compiled in slices, once for all who ask meanwhile', async () => {
  const { rbac, turns, rest, read } = observed(100);
  const asking = [rbac.prepare('ws', 'ns', turns), rbac.prepare('ws', 'ns', turns), rbac.prepare('ws', '', turns)];
  expect(asking.every((one) => one !== undefined)).toBe(true);
  expect(await rest()).toBeLessThan(20);
  for (const one of asking) await one;
  expect(read()).toBe(200);
  expect(rbac.prepare('ws', 'ns', turns)).toBeUndefined();
  expect(rbac.allows(userOf('user-99'), 'ws', question())).toBe(true);
  expect(rbac.allows(userOf('user-99-ns'), 'ws', question('ns'))).toBe(true);
  expect(rbac.allows(userOf('user-99-ns'), 'ws', question())).toBe(false);
  expect(read()).toBe(200);
});

it('few bindings are compiled at once', () => {
  const { rbac, turns, read } = observed(3);
  expect(rbac.prepare('ws', '', turns)).toBeUndefined();
  expect(read()).toBe(3);
  expect(rbac.allows(userOf('user-2'), 'ws', question())).toBe(true);
  expect(read()).toBe(3);
});

it('what changes while bindings are compiled counts, also of those that were read already', async () => {
  const { rbac, turns, rest, fixture } = observed(100);
  const done = rbac.prepare('ws', '', turns);
  const bindings = fixture.clusterRoleBindings.ws;
  bindings.splice(0, 1);
  bindings.push(bindingTo('late'));
  bindings[50] = bindingTo('user-51', 'somebody');
  for (const name of ['user-0', 'late', 'user-51'])
    rbac.invalidate('ws', '', { resource: 'clusterrolebindings', name });
  await rest();
  await done;
  const allowed = ['user-0', 'late', 'user-51', 'somebody', 'user-99'].map((name) =>
    rbac.allows(userOf(name), 'ws', question()),
  );
  expect(allowed).toEqual([false, true, false, true, true]);
});

it('who asks without waiting is answered by all bindings there are', async () => {
  const { rbac, turns, rest } = observed(100);
  const done = rbac.prepare('ws', '', turns);
  expect(rbac.allows(userOf('user-99'), 'ws', question())).toBe(true);
  await rest();
  await done;
  expect(rbac.allows(userOf('user-99'), 'ws', question())).toBe(true);
});

it('bindings that are forgotten while they are compiled are not kept', async () => {
  const { rbac, turns, rest, fixture } = observed(100);
  const done = rbac.prepare('ws', '', turns);
  fixture.clusterRoleBindings.ws.length = 0;
  rbac.invalidate('ws');
  await rest();
  await done;
  expect(rbac.size()).toBe(0);
  expect(rbac.allows(userOf('user-0'), 'ws', question())).toBe(false);
});
