/**
 * Whether what is mounted is made, what flags name is mounted, and certificates have the names that
 * are dialled.
 */
import type { KubernetesObject } from '@kcp-ts/build';
import { readManifests } from '@kcp-ts/build';
import type { Container, Volume, Workload } from './workload.ts';
import { urlsIn } from './workload.ts';

interface Wanted {
  readonly kind: string;
  readonly name: string;
  readonly hosts?: readonly string[];
}

const keysOf: Readonly<Record<string, readonly string[]>> = {
  Authority: ['tls.crt', 'tls.key', 'ca.crt'],
  Certificate: ['tls.crt', 'tls.key', 'ca.crt'],
  SigningKey: ['sa.key', 'sa.pub'],
  Tokens: ['tokens.csv'],
  Password: ['password'],
  NatsUsers: ['users.conf'],
  Kubeconfig: ['kubeconfig'],
};

export function wantedOf(objects: readonly KubernetesObject[]): readonly Wanted[] {
  const texts = objects.flatMap((object) => {
    const data = object['data'] as Readonly<Record<string, string>> | undefined;
    return object.kind === 'ConfigMap' && data?.['credentials.yaml'] !== undefined ? [data['credentials.yaml']] : [];
  });
  return texts.flatMap((text) =>
    readManifests(text).flatMap((file) => file['credentials'] as unknown as readonly Wanted[]),
  );
}

interface Mounted {
  readonly kind: 'Secret' | 'ConfigMap';
  readonly name: string;
  readonly key: string | undefined;
  readonly path: string | undefined;
}

function mountedIn(volume: Volume): readonly Mounted[] {
  const sources = [volume, ...(volume.projected?.sources ?? [])];
  return sources.flatMap(({ secret, configMap }) =>
    [['Secret', secret] as const, ['ConfigMap', configMap] as const].flatMap(([kind, items]): readonly Mounted[] => {
      if (items === undefined) return [];
      const name = items.secretName ?? items.name ?? '';
      if (items.items === undefined) return [{ kind, name, key: undefined, path: undefined }];
      return items.items.map(({ key, path }) => ({ kind, name, key, path }));
    }),
  );
}

/** Files that flags name have to be items of a volume that is mounted there. */
function checkFiles(container: Container, volumes: readonly Volume[]): readonly string[] {
  const files = (container.args ?? []).flatMap((argument) => /=(\/etc\/kcp-ts\/.*)$/.exec(argument)?.[1] ?? []);
  const mounted = (container.volumeMounts ?? []).flatMap(({ name, mountPath }) => {
    const found = volumes.find((volume) => volume.name === name);
    return found === undefined ? [] : mountedIn(found).map(({ path }) => ({ mountPath, path }));
  });
  const isThere = (file: string) =>
    mounted.some(({ mountPath, path }) =>
      path === undefined ? file.startsWith(`${mountPath}/`) : file === `${mountPath}/${path}`,
    );
  return files.filter((file) => !isThere(file)).map((file) => `names ${file}, which is not mounted`);
}

function covers(pattern: string, host: string): boolean {
  return pattern.startsWith('*.') ? host.slice(host.indexOf('.')) === pattern.slice(1) : pattern === host;
}

export interface CredentialsOptions {
  readonly namespace: string;
  /** Secrets that are the operator's own. */
  readonly external?: readonly string[];
}

/** A line for each fault. */
export function checkCredentials(
  objects: readonly KubernetesObject[],
  workloads: readonly Workload[],
  { namespace, external = [] }: CredentialsOptions,
): readonly string[] {
  const wanted = wantedOf(objects);
  const certManager = objects.filter(
    ({ apiVersion, kind }) => apiVersion.startsWith('cert-manager.io/') && kind === 'Certificate',
  );
  const made = [...wanted, ...certManager.map((object) => certificateOf(object))];
  const configMaps = new Set(objects.filter(({ kind }) => kind === 'ConfigMap').map(({ metadata }) => metadata.name));
  const isMade = ({ kind, name, key }: Mounted) => {
    if (kind === 'ConfigMap') return configMaps.has(name);
    const found = made.find((one) => one.name === name);
    return external.includes(name) || (found !== undefined && (key === undefined || keysOf[found.kind]?.includes(key)));
  };
  const dialled = workloads.flatMap(({ pod }) => pod.containers.flatMap((container) => urlsIn(container, namespace)));
  const uncovered = dialled
    .map(({ host }) => host.replace('$(POD_NAME)', 'pod'))
    .filter((host) => !made.some(({ hosts = [] }) => hosts.some((pattern) => covers(pattern, host))))
    // The pods of etcd are in its certificate one by one.
    .filter((host) => !host.startsWith('pod.'));
  return [
    ...[...new Set(uncovered)].map((host) => `no certificate is for ${host}`),
    ...workloads.flatMap(({ kind, name, pod }) =>
      [
        ...(pod.volumes ?? [])
          .flatMap(mountedIn)
          .filter((one) => !isMade(one))
          .map((one) => `mounts ${one.key ?? ''} of ${one.kind} ${one.name}, which nothing makes`),
        ...pod.containers.flatMap((container) => checkFiles(container, pod.volumes ?? [])),
      ].map((fault) => `${kind} ${name}: ${fault}`),
    ),
  ];
}

function certificateOf(object: KubernetesObject): Wanted {
  const { secretName, dnsNames = [] } = object['spec'] as {
    readonly secretName: string;
    readonly dnsNames?: readonly string[];
  };
  return { kind: 'Certificate', name: secretName, hosts: dnsNames };
}
