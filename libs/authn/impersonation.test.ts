import { StatusError } from '@kcp-ts/meta';
import { describe, expect, it } from 'vitest';
import {
  checkReserved,
  impersonatedUser,
  impersonationOf,
  mayImpersonateGroup,
  reservedExtras,
  reservedGroups,
} from './impersonation.ts';

const ask = (...rawHeaders: string[]) => impersonationOf({ rawHeaders });
const workspaceAdmin = { name: 'ann', groups: ['system:kcp:workspace:admins', 'team', 'system:authenticated'] };
const wanted = (groups: string[], extra = {}) => ({ user: 'bob', uid: undefined, groups, extra });

describe('impersonationOf', () => {
  it('finds nothing where nothing is asked for', () => {
    expect(ask('accept', '*/*', 'X-Remote-User', 'root', 'impersonate', 'x')).toBeUndefined();
  });

  it('reads names of any case, groups with commas, and percent-encoded extras', () => {
    const headers = [
      'IMPERSONATE-user',
      'bob',
      'Impersonate-Group',
      'a, b',
      'impersonate-group',
      'c',
      'Impersonate-Uid',
      '1',
    ];
    const extras = ['Impersonate-Extra-Authentication.kcp.io%2fScopes', 'cluster:x', 'Impersonate-Extra-%zz', 'y'];
    expect(ask(...headers, ...extras)).toEqual({
      user: 'bob',
      uid: '1',
      groups: ['a, b', 'c'],
      extra: { 'authentication.kcp.io/scopes': ['cluster:x'], '%zz': ['y'] },
    });
  });

  it('refuses groups, uid or extras without a user', () => {
    expect(() => ask('Impersonate-Group', 'a')).toThrow('requested [{Group  a    }] without impersonating a user');
    for (const name of ['impersonate-uid', 'impersonate-extra-a']) expect(() => ask(name, 'x')).toThrow(StatusError);
  });
});

describe('impersonatedUser', () => {
  it.each([
    ['bob', [], ['system:authenticated']],
    ['bob', ['team'], ['team', 'system:authenticated']],
    ['bob', ['system:unauthenticated'], ['system:unauthenticated']],
    ['system:anonymous', [], ['system:unauthenticated']],
    [
      'system:serviceaccount:ns:sa',
      [],
      ['system:serviceaccounts', 'system:serviceaccounts:ns', 'system:authenticated'],
    ],
  ])('gives %s with groups %j the groups %j', (user, groups, expected) => {
    expect(impersonatedUser({ user, uid: undefined, groups, extra: {} })).toEqual({ name: user, groups: expected });
  });
});

describe('a workspace admin', () => {
  const mine = (group: string) => workspaceAdmin.groups.includes(group);
  it.each([...reservedGroups, 'system:kcp:initializer:x', 'system:kcp:anything'].filter((group) => !mine(group)))(
    'may not impersonate the group %s',
    (group) => {
      expect(mayImpersonateGroup(workspaceAdmin, group)).toBe(false);
      expect(() => checkReserved(workspaceAdmin, wanted(['team', group]))).toThrow(
        'impersonation is not allowed for the requestor',
      );
      expect(() => checkReserved({ name: 'shard-admin', groups: ['system:masters'] }, wanted([group]))).not.toThrow();
      expect(() =>
        checkReserved({ name: 'peer', groups: [group, 'system:authenticated'] }, wanted([group])),
      ).not.toThrow();
    },
  );

  it.each(reservedExtras)('may not impersonate the extra %s', (key) => {
    expect(() => checkReserved(workspaceAdmin, wanted([], { [key]: ['x'] }))).toThrow('not allowed');
  });

  it('may ask for ordinary groups and narrower scopes', () => {
    const extra = { 'authentication.kcp.io/scopes': ['cluster:x'] };
    expect(() => checkReserved(workspaceAdmin, wanted(['developers', 'system:authenticated'], extra))).not.toThrow();
  });
});

it('nobody anonymous becomes authenticated by impersonation', () => {
  const nobody = { name: 'system:anonymous', groups: ['system:unauthenticated'] };
  expect(() => checkReserved(nobody, wanted([]))).toThrow('not allowed');
});
