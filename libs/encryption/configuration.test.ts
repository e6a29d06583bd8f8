import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { ConfigurationError, covers, parseEncryptionConfiguration } from './configuration.ts';

const secret = (bytes = 32) => randomBytes(bytes).toString('base64');

function configurationOf(resources: unknown): string {
  return JSON.stringify({ apiVersion: 'apiserver.config.k8s.io/v1', kind: 'EncryptionConfiguration', resources });
}

const withProvider = (provider: unknown) => configurationOf([{ resources: ['secrets'], providers: [provider] }]);
const withKey = (kind: string, key: unknown) => withProvider({ [kind]: { keys: [key] } });

it('reads what the documentation of Kubernetes shows', () => {
  const text = `
apiVersion: apiserver.config.k8s.io/v1
kind: EncryptionConfiguration
resources:
  - resources: [secrets, configmaps, pandas.awesome.bears.example]
    providers:
      - aesgcm: {keys: [{name: key1, secret: ${secret(16)}}, {name: key2, secret: ${secret(32)}}]}
      - aescbc: {keys: [{name: key1, secret: ${secret()}}]}
      - secretbox: {keys: [{name: key1, secret: ${secret()}}]}
      - kms: {apiVersion: v2, name: vault, endpoint: "unix:///run/kms.sock", timeout: 500ms}
      - identity: {}
  - resources: ['*.apps', '*.*']
    providers: [{identity: {}}]
`;
  const [first, second] = parseEncryptionConfiguration(text);
  expect(first?.resources).toEqual(['secrets', 'configmaps', 'pandas.awesome.bears.example']);
  expect(first?.providers.map(({ kind }) => kind)).toEqual(['aesgcm', 'aescbc', 'secretbox', 'kms', 'identity']);
  expect(first?.providers[3]).toEqual({
    kind: 'kms',
    kms: { name: 'vault', socket: '/run/kms.sock', timeoutMs: 500 },
  });
  expect(second?.resources).toEqual(['*.apps', '*.*']);
});

describe('names what is wrong', () => {
  it.each([
    ['no YAML', '{', 'the file is neither YAML nor JSON'],
    ['another kind', JSON.stringify({ kind: 'Config' }), 'kind: must be EncryptionConfiguration'],
    ['no entry', configurationOf([]), 'resources: must have at least one item'],
    ['no provider', configurationOf([{ resources: ['secrets'], providers: [] }]), 'resources[0].providers: must have'],
    [
      'two providers in one',
      withProvider({ identity: {}, aesgcm: {} }),
      'providers[0]: must name exactly one provider',
    ],
    ['an unknown provider', withProvider({ rot13: {} }), 'resources[0].providers[0]: unknown field "rot13"'],
    ['no key', withProvider({ aesgcm: { keys: [] } }), 'aesgcm.keys: must have at least one item'],
    [
      'a name with a colon',
      withKey('aesgcm', { name: 'a:b', secret: secret() }),
      'keys[0].name: must not contain a colon',
    ],
    [
      'a secret of another length',
      withKey('aesgcm', { name: 'a', secret: secret(20) }),
      'got 20, expected one of 16,24,32',
    ],
    ['a short secretbox', withKey('secretbox', { name: 'a', secret: secret(16) }), 'got 16, expected one of 32'],
    ['what is no base64', withKey('aesgcm', { name: 'a', secret: 'not base64!' }), 'secret: must be base64 encoded'],
    [
      'two keys of a name',
      withProvider({
        aesgcm: {
          keys: [
            { name: 'a', secret: secret() },
            { name: 'a', secret: secret() },
          ],
        },
      }),
      'two keys are called "a"',
    ],
    ['KMS v1', withProvider({ kms: { name: 'k', endpoint: 'unix:///k' } }), 'kms.apiVersion: unsupported apiVersion'],
    [
      'KMS over TCP',
      withProvider({ kms: { apiVersion: 'v2', name: 'k', endpoint: 'https://k' } }),
      'kms.endpoint: must be a unix socket',
    ],
    [
      'no duration',
      withProvider({ kms: { apiVersion: 'v2', name: 'k', endpoint: 'unix:///k', timeout: 3 } }),
      'kms.timeout: must be a positive duration',
    ],
    [
      'a resource that is covered before',
      configurationOf([
        { resources: ['*.*'], providers: [{ identity: {} }] },
        { resources: ['secrets'], providers: [{ aesgcm: { keys: [{ name: 'a', secret: secret() }] } }] },
      ]),
      'resources[1].resources[0]: "secrets" is covered by "*.*" before it',
    ],
    ['no resource', configurationOf([{ resources: ['*'], providers: [{ identity: {} }] }]), '"*" is no resource'],
  ])('%s', (_what, text, message) => {
    expect(() => parseEncryptionConfiguration(text)).toThrow(ConfigurationError);
    expect(() => parseEncryptionConfiguration(text)).toThrow(message);
  });

  it('and never shows a secret', () => {
    const hidden = secret(31);
    for (const text of [withKey('aesgcm', { name: 'a', secret: hidden }), `keys: [{secret: ${hidden}}`]) {
      expect(() => parseEncryptionConfiguration(text)).toThrow(
        expect.objectContaining({ message: expect.not.stringContaining(hidden) as unknown }),
      );
    }
  });
});

it.each([
  ['secrets', 'secrets', true],
  ['secrets', 'secrets.example.com', false],
  ['*.', 'secrets', true],
  ['*.', 'deployments.apps', false],
  ['*.apps', 'deployments.apps', true],
  ['*.apps', 'deployments.more.apps', false],
  ['*.*', 'secrets', true],
  ['*.*', 'deployments.apps', true],
] as const)('%s covers %s: %s', (entry, resource, expected) => {
  expect(covers(entry, resource)).toBe(expected);
});
