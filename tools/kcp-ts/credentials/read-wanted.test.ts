import { expect, it } from 'vitest';
import { readWanted } from './read-wanted.ts';

const file = (...lines: readonly string[]) =>
  ['apiVersion: credentials.kcp-ts.io/v1alpha1', 'credentials:', ...lines].join('\n');

it('reads a list of what is wanted', () => {
  expect(readWanted(file('- kind: Password', '  name: nats'), 'file')).toEqual({
    labels: {},
    credentials: [{ kind: 'Password', name: 'nats' }],
  });
});

it.each([
  ['another version', 'apiVersion: v1', 'apiVersion must be'],
  ['no list', file('  a: b'), 'credentials must be a list'],
  ['an unknown kind', file('- kind: Secret', '  name: a'), 'credentials[0].kind must be one of'],
  ['an unknown field', file('- kind: Password', '  name: a', '  length: 3'), 'credentials[0].length'],
  ['a missing field', file('- kind: Authority', '  name: a', '  key: ec'), 'credentials[0].commonName'],
  ['a name that leaves the folder', file('- kind: Password', '  name: ../a'), 'credentials[0].name'],
  ['a name twice', file('- kind: Password', '  name: a', '- kind: Password', '  name: a'), 'there twice'],
  ['a user without groups', file('- kind: Tokens', '  name: a', '  users: [{name: b}]'), 'credentials[0].users'],
])('refuses %s, and says where', (_what, text, reason) => {
  expect(() => readWanted(text, 'file')).toThrow(reason);
});
