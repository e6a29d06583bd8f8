import { StatusError } from '@kcp-ts/api';
import { describe, expect, it } from 'vitest';
import { impersonationOf } from './impersonation.ts';

const ask = (...rawHeaders: string[]) => impersonationOf({ rawHeaders });

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
