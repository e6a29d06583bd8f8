import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { helpText, readConfig } from './config.ts';

function configOf(args: string[], environment: Record<string, string> = {}) {
  const result = readConfig(args, environment);
  if (result.kind !== 'config') throw new Error(result.kind === 'wrong' ? result.message : result.kind);
  return result.config;
}

describe('readConfig', () => {
  it('has the defaults of kcp', () => {
    expect(configOf([])).toMatchObject({
      rootDirectory: join(process.cwd(), '.kcp'),
      securePort: 6443,
      bindAddress: '0.0.0.0',
      shardName: 'root',
      kubeconfigPath: join(process.cwd(), '.kcp/admin.kubeconfig'),
      authenticationAdminTokenPath: join(process.cwd(), '.kcp/.admin-token-store'),
      batteriesIncluded: ['workspace-types', 'admin'],
      enableHomeWorkspaces: true,
      homeWorkspacesHomeCreatorGroups: ['system:authenticated'],
      anonymousAuth: true,
    });
  });

  it('takes flags before the environment before defaults', () => {
    const environment = { KCP_SECURE_PORT: '1', KCP_SHARD_NAME: 'a', KCP_V: '4', KCP_BIND_ADDRESS: '' };
    const config = configOf(['--secure-port=2'], environment);
    expect([config.securePort, config.shardName, config.verbosity, config.bindAddress]).toEqual([2, 'a', 4, '0.0.0.0']);
  });

  it.each([
    [['-v', '4'], 4],
    [['-v=5'], 5],
    [['--v=6'], 6],
  ])('reads the verbosity of %j', (args, expected) => {
    expect(configOf(args).verbosity).toBe(expected);
  });

  it('reads switches as Go does', () => {
    expect(configOf(['--anonymous-auth=false', '--enable-home-workspaces']).anonymousAuth).toBe(false);
    expect(configOf(['--enable-home-workspaces', '--shard-name', 'b']).shardName).toBe('b');
  });

  it.each([
    ['+user', ['workspace-types', 'admin', 'user']],
    ['-admin', ['workspace-types']],
    ['admin,+user', ['admin', 'user']],
  ])('makes of the batteries %s: %j', (text, expected) => {
    expect(configOf([`--batteries-included=${text}`]).batteriesIncluded).toEqual(expected);
  });

  it.each([
    [['--no-such-flag'], "Unknown option '--no-such-flag'"],
    [['extra'], "Unexpected argument 'extra'"],
    [['--secure-port=70000'], '--secure-port takes a number from 0 to 65535'],
    [['--secure-port='], '--secure-port takes a number'],
    [['--root-directory='], '--root-directory must not be empty'],
    [['--external-hostname=0.0.0.0'], '--external-hostname takes a name or an address that others can reach'],
    [['--external-hostname=nonsense!'], 'a name or an address that others can reach, not "nonsense!"'],
    [['--external-hostname=kcp.example.com:6443'], 'that others can reach, not "kcp.example.com:6443"'],
    [['--external-hostname=https://kcp.example.com'], 'that others can reach, not "https://kcp.example.com"'],
    [['--external-hostname', '::'], '--external-hostname takes a name or an address that others can reach'],
    [['--bind-address='], '--bind-address must not be empty'],
    [['--etcd-servers='], '--etcd-servers takes URLs of http or https, not ""'],
    [['--etcd-servers', 'http://a,foo'], '--etcd-servers takes URLs of http or https, not "foo"'],
    [['--etcd-servers', 'a:2379'], '--etcd-servers takes URLs of http or https, not "a:2379"'],
    [['--coordination-etcd', 'ftp://a'], '--coordination-etcd takes URLs of http or https, not "ftp://a"'],
    [['--anonymous-auth=maybe'], '--anonymous-auth takes true or false'],
    [['--batteries-included=nuclear'], '--batteries-included knows'],
    [['--tls-cert-file=a'], '--tls-cert-file needs --tls-private-key-file'],
    [['--tls-private-key-file=a'], '--tls-private-key-file has no effect without --tls-cert-file'],
    [['--shard-base-url=http://a'], '--shard-base-url takes an https URL'],
    [['--shard-name=a/b'], '--shard-name "a/b" is not a name: a lowercase RFC 1123 label must consist of'],
    [['--shard-name=Root'], '--shard-name "Root" is not a name'],
    [['--nats-url=nats://a'], '--nats-url needs --peer-ca-file'],
    [['--nats-url=nats://a', '--shard-labels=a'], '--shard-labels takes key=value, not "a"'],
    [['--etcd-cafile=ca.crt'], '--etcd-cafile has no effect without --etcd-servers or --coordination-etcd'],
    [['--etcd-prefix=/kcp/a'], '--etcd-prefix has no effect without --etcd-servers'],
    [['--coordination-etcd=http://a'], '--coordination-etcd has no effect without --nats-url'],
    [['--rpc-port=1'], '--rpc-port has no effect without --nats-url'],
    [['--nats-username=a'], '--nats-username has no effect without --nats-url'],
    [['--shard-labels=a=b'], '--shard-labels has no effect without --nats-url'],
    [['--root-shard-name=other'], '--root-shard-name has no effect without --nats-url'],
    [['--peer-key-file=a', '--peer-ca-file=b'], '--peer-key-file has no effect without --nats-url'],
  ])('refuses %j and hints at the help', (args, message) => {
    const result = readConfig(args, {});
    expect(result).toMatchObject({ kind: 'wrong', message: expect.stringContaining(message) });
    expect(result).toMatchObject({ message: expect.stringContaining('--help') });
  });

  it('refuses what has no effect from the environment too', () => {
    const result = readConfig([], { KCP_ETCD_PREFIX: '/kcp/a' });
    expect(result).toMatchObject({ kind: 'wrong', message: expect.stringContaining('--etcd-prefix has no effect') });
  });

  it('takes the data to etcd by --etcd-servers alone', () => {
    const config = configOf(['--etcd-servers=http://a', '--etcd-cafile=ca.crt', '--etcd-prefix=/kcp/a']);
    expect(config).toMatchObject({ etcdServers: ['http://a'], natsUrl: [], etcdPrefix: '/kcp/a' });
  });

  it('names the program that was called', () => {
    expect(readConfig(['--extra'], {}, 'kcp-ts shard')).toMatchObject({
      message: expect.stringContaining('See kcp-ts shard --help.'),
    });
  });

  it('shows its help', async () => {
    expect(readConfig(['-h'], {})).toEqual({ kind: 'help', text: helpText('kcp-ts start') });
    await expect(helpText('kcp-ts start')).toMatchFileSnapshot('help.golden.txt');
  });
});

/** Of kcp's chart and operator, for a shard. */
const chartFlags = `
  audit-log-compress audit-log-format audit-log-maxage audit-log-maxbackup audit-log-maxsize
  audit-log-path audit-policy-file audit-webhook-batch-buffer-size audit-webhook-batch-max-size
  audit-webhook-batch-max-wait audit-webhook-batch-throttle-burst
  audit-webhook-batch-throttle-enable audit-webhook-batch-throttle-qps audit-webhook-config-file
  audit-webhook-initial-backoff audit-webhook-mode audit-webhook-truncate-enabled
  audit-webhook-truncate-max-batch-size audit-webhook-truncate-max-event-sizes
  audit-webhook-version authentication-config authentication-token-webhook-cache-ttl
  authentication-token-webhook-config-file authentication-token-webhook-version
  authorization-always-allow-paths authorization-webhook-cache-authorized-ttl
  authorization-webhook-cache-unauthorized-ttl authorization-webhook-config-file
  authorization-webhook-version batteries-included bind-address cache-kubeconfig client-ca-file
  embedded-etcd-directory enable-home-workspaces enable-leader-election endpoint-base
  etcd-cafile etcd-certfile etcd-keyfile etcd-prefix etcd-servers external-hostname
  external-logical-cluster-admin-kubeconfig kubeconfig logging-format
  logical-cluster-admin-kubeconfig mount-proxy-client-cert-file mount-proxy-client-key-file
  oidc-ca-file oidc-client-id oidc-groups-claim oidc-groups-prefix oidc-issuer-url
  oidc-username-claim oidc-username-prefix requestheader-allowed-names
  requestheader-client-ca-file requestheader-extra-headers-prefix requestheader-group-headers
  requestheader-username-headers root-ca-file root-directory root-identities-file
  root-shard-kubeconfig-file run-virtual-workspaces secure-port service-account-key-file
  service-account-lookup service-account-private-key-file shard-base-url shard-client-cert-file
  shard-client-key-file shard-external-url shard-name shard-virtual-workspace-ca-file
  shard-virtual-workspace-url tls-cert-file tls-private-key-file token-auth-file v
  workspace-prefix
`
  .trim()
  .split(/\s+/);

it.each(chartFlags)('knows --%s of the chart, or says what to do instead', (flag) => {
  const result = readConfig([`--${flag}=1`], {});
  if (result.kind !== 'wrong') return;
  expect(result.message).not.toContain('Unknown option');
  expect(result.message.length).toBeGreaterThan(flag.length + 20);
});
