/** Flags of kcp, its chart and its operator that no program here has, and what to do instead. */
const unsupported: readonly (readonly [pattern: RegExp, advice: string])[] = [
  [/^audit-/, 'no audit log is written: leave it out'],
  [
    /^(oidc-|authentication-config$|authentication-token-webhook-)/,
    'users are known by client certificates (--client-ca-file) and tokens (--token-auth-file) only',
  ],
  [/^authorization-/, 'rights come from RBAC only, and no webhook is asked: leave it out'],
  [
    /^requestheader-/,
    'a front-proxy and a shard know each other by --peer-ca-file and --peer-cert-file, and no header says who a user is: leave it out',
  ],
  [/^enable-leader-election$/, 'a shard has one owner at a time by itself: leave it out'],
  [
    /(^|-)(kubeconfig|kubeconfig-file)$/,
    'services find each other through --coordination-etcd and know each other by --peer-ca-file: leave it out',
  ],
  [
    /^(mount-proxy-client|shard-client)-/,
    'the certificate that a service shows others is --peer-cert-file, with --peer-key-file',
  ],
  [
    /^(root-ca-file|shard-virtual-workspace-ca-file)$/,
    'clients are told to trust what --tls-cert-file ends with: leave it out',
  ],
  [/^root-identities-file$/, 'the identities of the exports in root are kept in root: leave it out'],
  [/^service-account-lookup$/, 'tokens of service accounts that are gone are always refused: leave it out'],
  [/^embedded-etcd-/, 'without --etcd-servers the data is in --root-directory, without an etcd: leave it out'],
  [/^run-virtual-workspaces$/, 'a shard always serves the virtual workspaces of its own: leave it out'],
  [/^(workspace-prefix|endpoint-base)$/, 'the URLs of workspaces and endpoints are not to be changed: leave it out'],
  [/^service-account-key-file$/, 'shards verify tokens of service accounts: give it to them'],
  [/^token-auth-file$/, 'tokens are passed on to the shards: give it to them'],
];

/** Why a flag of kcp is not known here and what to do; undefined for what is none of kcp's. */
export function adviceOnKcpFlag(flag: string): string | undefined {
  return unsupported.find(([pattern]) => pattern.test(flag))?.[1];
}
