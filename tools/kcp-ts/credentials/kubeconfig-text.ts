/** Kubeconfigs of administrators, whose users have tokens. */
import { formatYaml } from '@kcp-ts/http';

export interface KubeconfigContext {
  readonly name: string;
  readonly server: string;
  readonly user: string;
}

export interface KubeconfigOptions {
  readonly contexts: readonly KubeconfigContext[];
  readonly current: string;
  /** PEM of what is trusted. */
  readonly ca: string;
  /** By user. */
  readonly tokens: Readonly<Record<string, string>>;
}

/** The text of a kubeconfig. */
export function kubeconfigText({ contexts, current, ca, tokens }: KubeconfigOptions): string {
  const authority = Buffer.from(ca).toString('base64');
  return formatYaml({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: contexts.map(({ name, server }) => ({
      name,
      cluster: { server, 'certificate-authority-data': authority },
    })),
    contexts: contexts.map(({ name, user }) => ({ name, context: { cluster: name, user } })),
    'current-context': current,
    preferences: {},
    users: Object.entries(tokens).map(([name, token]) => ({ name, user: { token } })),
  });
}
