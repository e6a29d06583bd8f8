import { expect, it } from 'vitest';
import { readConfig } from './config.ts';

const needed = ['tls-cert-file', 'tls-private-key-file', 'peer-ca-file', 'peer-cert-file', 'peer-key-file'].map(
  (flag) => `--${flag}=a.pem`,
);
const places = ['--coordination-etcd=http://127.0.0.1:2379', '--nats-url=nats://127.0.0.1:4222'];

it('has the defaults of kcp for groups, and needs certificates, etcd and NATS', () => {
  const result = readConfig([...needed, ...places], {});
  expect(result).toMatchObject({
    kind: 'config',
    config: {
      authenticationPassOnGroups: [],
      authenticationDropGroups: [
        'system:masters',
        'system:kcp:logical-cluster-admin',
        'system:kcp:initializer:*',
        'system:kcp:terminator:*',
      ],
    },
  });
  for (const missing of [...needed, ...places]) {
    const args = [...needed, ...places].filter((argument) => argument !== missing);
    expect(readConfig(args, {})).toMatchObject({ kind: 'wrong', message: expect.stringContaining('is needed') });
  }
});

it('shows its help', async () => {
  const result = readConfig(['--help'], {});
  if (result.kind !== 'help') throw new Error('there is no help');
  await expect(result.text).toMatchFileSnapshot('help.golden.txt');
});

/** Of kcp's chart and operator, for a front-proxy. */
const chartFlags = `
  authentication-config authentication-drop-groups authentication-pass-on-groups client-ca-file
  logging-format mapping-file oidc-ca-file oidc-client-id oidc-groups-claim oidc-issuer-url
  oidc-username-claim requestheader-allowed-names requestheader-client-ca-file
  requestheader-extra-headers-prefix requestheader-group-headers requestheader-username-headers
  root-kubeconfig secure-port service-account-key-file shards-kubeconfig tls-cert-file
  tls-private-key-file token-auth-file v
`
  .trim()
  .split(/\s+/);

it.each(chartFlags)('knows --%s of the chart, or says what to do instead', (flag) => {
  const result = readConfig([...needed, ...places, `--${flag}=1`], {});
  if (result.kind === 'wrong')
    expect(result.message).toMatch(new RegExp(`^--${flag} (is a flag of kcp .{30,}|takes .* or .*, not "1")`));
});
