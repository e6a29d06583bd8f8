import { expect, it } from 'vitest';
import { readConfig } from './config.ts';

const certificates = ['--tls-cert-file', 'a', '--tls-private-key-file', 'b', '--peer-ca-file', 'c'];
const peer = ['--peer-cert-file', 'd', '--peer-key-file', 'e'];

it('says what is needed', () => {
  expect(readConfig([], {})).toMatchObject({ kind: 'wrong' });
  expect(readConfig([...certificates, ...peer], {})).toMatchObject({
    message: expect.stringContaining('--coordination-etcd is needed'),
  });
  const all = [
    ...certificates,
    ...peer,
    '--coordination-etcd',
    'http://127.0.0.1:1',
    '--nats-url',
    'nats://127.0.0.1:2',
  ];
  expect(readConfig(all, { KCP_NAME: 'second' })).toMatchObject({ kind: 'config', config: { name: 'second' } });
  expect(readConfig(['--help'], {})).toMatchObject({ kind: 'help' });
});

it('shows its help', async () => {
  const result = readConfig(['--help'], {});
  if (result.kind !== 'help') throw new Error('there is no help');
  await expect(result.text).toMatchFileSnapshot('help.golden.txt');
});
