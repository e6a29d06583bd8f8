import { expect, it } from 'vitest';
import { readConfig } from './config.ts';

const needed = ['tls-cert-file', 'tls-private-key-file', 'peer-ca-file', 'peer-cert-file', 'peer-key-file'].map(
  (flag) => `--${flag}=a.pem`,
);
const places = ['--coordination-etcd=http://127.0.0.1:2379', '--nats-url=nats://127.0.0.1:4222'];

it('takes its name from the flag, else from its own variable, else from the pod, else from its kind', () => {
  const nameOf = (args: readonly string[], environment: Readonly<Record<string, string>>) => {
    const result = readConfig([...needed, ...places, ...args], environment);
    if (result.kind !== 'config') throw new Error(JSON.stringify(result));
    return result.config.name;
  };
  const pod = { POD_NAME: 'cache-0' };
  expect(nameOf([], {})).toBe('cache-server');
  expect(nameOf([], { POD_NAME: '' })).toBe('cache-server');
  expect(nameOf([], pod)).toBe('cache-0');
  expect(nameOf([], { ...pod, KCP_NAME: 'mine' })).toBe('mine');
  expect(nameOf(['--name', 'this'], { ...pod, KCP_NAME: 'mine' })).toBe('this');
});

it('shows its help', async () => {
  const result = readConfig(['--help'], {});
  if (result.kind !== 'help') throw new Error('there is no help');
  await expect(result.text).toMatchFileSnapshot('help.golden.txt');
});
