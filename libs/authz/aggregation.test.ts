import { createSystemClock, createTurns } from '@kcp-ts/base';
import { expect, it } from 'vitest';
import { aggregatedRules } from './aggregation.ts';
import type { PolicyRule, Role } from './rule-source.ts';

const slices = createTurns({ clock: createSystemClock(), nextTurn: setImmediate }).begin();
const rule = (verb: string): PolicyRule => ({ verbs: [verb], apiGroups: [''], resources: ['pods'] });

function labelled(name: string, verbs: readonly string[], to = 'admin'): Role {
  return { metadata: { name, labels: { to } }, rules: verbs.map(rule) };
}

function aggregating(...targets: readonly string[]): Role {
  return {
    ...labelled('admin', ['old']),
    aggregationRule: { clusterRoleSelectors: targets.map((to) => ({ matchLabels: { to } })) },
  };
}

it('joins the rules of selected roles by name, each once, without its own', async () => {
  const admin = aggregating('admin');
  const roles = [
    labelled('a', ['list']),
    admin,
    { metadata: { name: 'other' }, rules: [rule('delete')] },
    labelled('z', ['get', 'list']),
  ];
  expect(await aggregatedRules(admin, roles, slices)).toEqual([rule('list'), rule('get')]);
});

it('goes selector by selector', async () => {
  const roles = [labelled('a', ['one', 'both'], 'second'), labelled('b', ['two', 'both'], 'first')];
  expect(await aggregatedRules(aggregating('first', 'second'), roles, slices)).toEqual(
    ['two', 'both', 'one'].map(rule),
  );
});

it('has nothing to say of a role that does not aggregate', async () => {
  expect(await aggregatedRules(labelled('a', []), [], slices)).toBeUndefined();
});

it('leaves out, last first, what an object cannot hold', async () => {
  const long = 'x'.repeat(400_000);
  const roles = ['a', 'b', 'c'].map((name) => labelled(name, [`${name}${long}`]));
  const rules = await aggregatedRules(aggregating('admin'), roles, slices);
  expect(rules?.map(({ verbs }) => verbs[0]?.[0])).toEqual(['a', 'b']);
});
