/** Kubernetes' objects, as far as the checks read them. */
import type { KubernetesObject } from '@kcp-ts/build';

export type Labels = Readonly<Record<string, string>>;

export interface Probe {
  readonly httpGet?: { readonly port: string | number };
  readonly tcpSocket?: { readonly port: string | number };
}

interface Items {
  readonly name?: string;
  readonly secretName?: string;
  readonly items?: readonly { readonly key: string; readonly path: string }[];
}

export interface Volume {
  readonly name: string;
  readonly secret?: Items;
  readonly configMap?: Items;
  readonly projected?: { readonly sources: readonly { readonly secret?: Items; readonly configMap?: Items }[] };
  readonly emptyDir?: object;
}

export interface Container {
  readonly name: string;
  readonly image: string;
  readonly command?: readonly string[];
  readonly args?: readonly string[];
  readonly ports?: readonly { readonly name: string; readonly containerPort: number; readonly hostPort?: number }[];
  readonly startupProbe?: Probe;
  readonly livenessProbe?: Probe;
  readonly readinessProbe?: Probe;
  readonly resources?: { readonly requests?: Labels; readonly limits?: Labels };
  readonly volumeMounts?: readonly { readonly name: string; readonly mountPath: string }[];
  readonly securityContext?: {
    readonly allowPrivilegeEscalation?: boolean;
    readonly readOnlyRootFilesystem?: boolean;
    readonly privileged?: boolean;
    readonly capabilities?: { readonly drop?: readonly string[]; readonly add?: readonly string[] };
  };
}

export interface PodSpec {
  readonly containers: readonly Container[];
  readonly volumes?: readonly Volume[];
  readonly serviceAccountName?: string;
  readonly automountServiceAccountToken?: boolean;
  readonly priorityClassName?: string;
  readonly hostNetwork?: boolean;
  readonly hostPID?: boolean;
  readonly hostIPC?: boolean;
  readonly securityContext?: {
    readonly runAsNonRoot?: boolean;
    readonly runAsUser?: number;
    readonly seccompProfile?: { readonly type: string };
  };
}

/** What makes pods. */
export interface Workload {
  readonly kind: string;
  readonly name: string;
  readonly labels: Labels;
  readonly pod: PodSpec;
  readonly replicas: number | undefined;
  readonly serviceName: string | undefined;
  readonly claims: readonly string[];
}

interface Template {
  readonly metadata: { readonly labels: Labels };
  readonly spec: PodSpec;
}

interface WorkloadSpec {
  readonly replicas?: number;
  readonly serviceName?: string;
  readonly template?: Template;
  readonly jobTemplate?: { readonly spec: { readonly template: Template } };
  readonly volumeClaimTemplates?: readonly { readonly metadata: { readonly name: string } }[];
}

const kinds: readonly string[] = ['Deployment', 'StatefulSet', 'Job', 'CronJob'];

export function workloadsOf(objects: readonly KubernetesObject[]): readonly Workload[] {
  return objects
    .filter(({ kind }) => kinds.includes(kind))
    .map((object) => {
      const spec = object['spec'] as WorkloadSpec;
      const template = (spec.template ?? spec.jobTemplate?.spec.template) as Template;
      return {
        kind: object.kind,
        name: object.metadata.name,
        labels: template.metadata.labels,
        pod: template.spec,
        replicas: spec.replicas,
        serviceName: spec.serviceName,
        claims: (spec.volumeClaimTemplates ?? []).map(({ metadata }) => metadata.name),
      };
    });
}

export function ofKind<Spec>(
  objects: readonly KubernetesObject[],
  kind: string,
): readonly { readonly name: string; readonly spec: Spec }[] {
  return objects
    .filter((object) => object.kind === kind)
    .map((object) => ({ name: object.metadata.name, spec: object['spec'] as Spec }));
}

export function selects(selector: Labels, labels: Labels): boolean {
  return Object.entries(selector).every(([key, value]) => labels[key] === value);
}

export function portOf(container: Container, port: string | number): number | undefined {
  return container.ports?.find(({ name, containerPort }) => name === port || containerPort === port)?.containerPort;
}

/** The names and ports of URLs in a container's arguments, of the release itself alone. */
export function urlsIn(container: Container, namespace: string): readonly { host: string; port: number }[] {
  const pattern = new RegExp(`(?:https|tls)://([^:,/]+\\.${namespace}\\.svc):(\\d+)`, 'g');
  return (container.args ?? []).flatMap((argument) =>
    [...argument.matchAll(pattern)].map(([, host = '', port]) => ({ host, port: Number(port) })),
  );
}
