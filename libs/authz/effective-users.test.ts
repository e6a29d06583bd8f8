import type { UserInfo } from '@kcp-ts/api';
import { describe, expect, it } from 'vitest';
import { effectiveUsers } from './effective-users.ts';

const authenticated = 'system:authenticated';
const robotName = 'system:serviceaccount:default:robot';

function scoped(...scopes: string[]): UserInfo {
  return { name: 'alice', groups: ['team', authenticated], extra: { 'authentication.kcp.io/scopes': scopes } };
}

function robot(home?: string): UserInfo {
  const groups = ['system:serviceaccounts', authenticated];
  return {
    name: robotName,
    groups,
    ...(home === undefined ? {} : { extra: { 'authentication.kcp.io/cluster-name': [home] } }),
  };
}

function withWarrant(user: UserInfo, ...warrants: unknown[]): UserInfo {
  const texts = warrants.map((warrant) => (typeof warrant === 'string' ? warrant : JSON.stringify(warrant)));
  return { ...user, extra: { ...user.extra, 'authorization.kcp.io/warrant': texts } };
}

function summary(user: UserInfo, cluster: string): readonly string[] {
  return effectiveUsers(user, cluster).map(({ name, groups }) => `${name} [${groups.join(' ')}]`);
}

describe('effective users', () => {
  it('leaves a user without scopes as it is', () => {
    const user: UserInfo = { name: 'alice', groups: [authenticated] };
    expect(effectiveUsers(user, 'a')).toEqual([user]);
  });

  it('takes commas in a scope as alternatives and several scopes as all needed', () => {
    const inside = ['alice [team system:authenticated]'];
    expect(summary(scoped('cluster:a,cluster:b'), 'b')).toEqual(inside);
    expect(summary(scoped('cluster:a,cluster:b', 'cluster:b'), 'b')).toEqual(inside);
    expect(summary(scoped('cluster:a,cluster:b', 'cluster:b'), 'a')).toEqual([
      'system:anonymous [system:authenticated system:cluster:b]',
    ]);
    expect(summary(scoped('cluster:a', 'cluster:b'), 'a')).toEqual(['system:anonymous [system:authenticated]']);
    expect(summary(scoped('nonsense'), 'a')).toEqual(['system:anonymous [system:authenticated]']);
    expect(summary(scoped('cluster:'), '')).toEqual(['system:anonymous [system:authenticated]']);
  });

  it('reduces who was not authenticated to nobody', () => {
    expect(summary({ ...scoped('cluster:a'), groups: [] }, 'b')).toEqual(['system:anonymous [system:unauthenticated]']);
  });

  it('takes a service account for itself in its own cluster and for a foreigner in others', () => {
    const own = `${robotName} [system:serviceaccounts system:authenticated]`;
    const home = `${robotName} [system:serviceaccounts system:authenticated system:cluster:a]`;
    const global = 'system:kcp:serviceaccount:a:default:robot [system:authenticated]';
    expect(summary(robot(), 'a')).toEqual([own]);
    expect(summary(robot('a'), 'a')).toEqual([home, global]);
    expect(summary(robot('a'), 'b')).toEqual(['system:anonymous [system:authenticated system:cluster:a]', global]);
  });

  it('knows a service account everywhere by its global name when it is held to its home, and not when it is held to another cluster', () => {
    const held = (scope: string): UserInfo => ({
      ...robot('a'),
      extra: { ...robot('a').extra, 'authentication.kcp.io/scopes': [scope] },
    });
    const global = 'system:kcp:serviceaccount:a:default:robot [system:authenticated]';
    expect(summary(held('cluster:a'), 'b')).toEqual([
      'system:anonymous [system:authenticated system:cluster:a]',
      global,
    ]);
    expect(summary(held('cluster:c'), 'b')).toEqual(['system:anonymous [system:authenticated]']);
  });

  it('takes a service account with two homes for a foreigner in both', () => {
    const twice = { ...robot(), extra: { 'authentication.kcp.io/cluster-name': ['a', 'b'] } };
    expect(summary(twice, 'a')).toEqual(['system:anonymous [system:authenticated]']);
    expect(summary(twice, 'b')).toEqual(['system:anonymous [system:authenticated]']);
  });

  it('adds the users of warrants, also out of scope and inside of each other', () => {
    const inner = { user: 'carol', groups: ['ops'] };
    const outer = { user: 'dave', extra: { 'authorization.kcp.io/warrant': [JSON.stringify(inner)] } };
    expect(summary(withWarrant(scoped('cluster:a'), outer), 'b')).toEqual([
      'system:anonymous [system:authenticated system:cluster:a]',
      'dave []',
      'carol [ops]',
    ]);
    const held = { user: 'dave', groups: [authenticated], extra: { 'authentication.kcp.io/scopes': ['cluster:a'] } };
    expect(summary(withWarrant({ name: 'x', groups: [] }, held), 'b')).toEqual([
      'x []',
      'system:anonymous [system:authenticated system:cluster:a]',
    ]);
  });

  it('ignores a warrant that is broken, or of a service account of nowhere', () => {
    const base: UserInfo = { name: 'x', groups: [] };
    const broken = [
      '{',
      'null',
      '[]',
      '1',
      '{"user":1}',
      '{"user":"y","groups":"z"}',
      '{"user":"y","extra":{"k":"v"}}',
      '{"groups":["g"]}',
    ];
    expect(summary(withWarrant(base, ...broken, { user: robotName }), 'a')).toEqual(['x []']);
    expect(
      summary(withWarrant(base, { user: robotName, extra: { 'authentication.kcp.io/cluster-name': ['a'] } }), 'a'),
    ).toHaveLength(3);
  });
});
