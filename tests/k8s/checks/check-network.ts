/** Whether what connects to each other finds each other, and may. */
import type { KubernetesObject } from '@kcp-ts/build';
import type { Labels, Workload } from './workload.ts';
import { ofKind, portOf, selects, urlsIn } from './workload.ts';

interface ServiceSpec {
  readonly selector: Labels;
  readonly clusterIP?: string;
  readonly ports: readonly { readonly name: string; readonly port: number; readonly targetPort: string | number }[];
}

interface PolicySpec {
  readonly podSelector: { readonly matchLabels: Labels };
  readonly policyTypes: readonly string[];
  readonly ingress?: readonly {
    readonly from?: readonly { readonly podSelector?: { readonly matchLabels: Labels } }[];
    readonly ports?: readonly { readonly port: string | number }[];
  }[];
}

type Servers = readonly Workload[];

function serversOf(workloads: Servers, selector: Labels): Servers {
  return workloads.filter(({ labels, kind }) => kind !== 'Job' && kind !== 'CronJob' && selects(selector, labels));
}

function checkServices(objects: readonly KubernetesObject[], workloads: Servers): readonly string[] {
  return ofKind<ServiceSpec>(objects, 'Service').flatMap(({ name, spec }) => {
    const servers = serversOf(workloads, spec.selector);
    if (servers.length !== 1) return [`Service ${name} selects ${servers.length} workloads`];
    const [container] = servers.flatMap(({ pod }) => pod.containers);
    return spec.ports
      .filter(({ targetPort }) => container === undefined || portOf(container, targetPort) === undefined)
      .map(({ targetPort }) => `Service ${name} names port ${targetPort}, which ${container?.name} has not`);
  });
}

function checkStatefulSets(objects: readonly KubernetesObject[], workloads: Servers): readonly string[] {
  const services = new Set(ofKind(objects, 'Service').map(({ name }) => name));
  return workloads
    .filter(({ serviceName }) => serviceName !== undefined && !services.has(serviceName))
    .map(({ name, serviceName }) => `StatefulSet ${name} has the Service ${serviceName}, which is not there`);
}

/** Whether the policies let one connect to a port of the other. */
function mayConnect(policies: readonly PolicySpec[], from: Workload, to: Workload, port: number): boolean {
  const portsOf = (named: string | number) => to.pod.containers.map((container) => portOf(container, named));
  return policies
    .filter(({ podSelector }) => selects(podSelector.matchLabels, to.labels))
    .flatMap(({ ingress = [] }) => ingress)
    .some((rule) => {
      const isFrom =
        rule.from === undefined ||
        rule.from.some(({ podSelector }) => podSelector !== undefined && selects(podSelector.matchLabels, from.labels));
      return isFrom && (rule.ports ?? []).some((named) => portsOf(named.port).includes(port));
    });
}

function checkPolicies(policies: ReturnType<typeof ofKind<PolicySpec>>, workloads: Servers): readonly string[] {
  return policies.flatMap(({ name, spec }) => {
    const selected = workloads.filter(({ labels }) => selects(spec.podSelector.matchLabels, labels));
    if (selected.length === 0) return [`NetworkPolicy ${name} selects nothing`];
    const ports = (spec.ingress ?? []).flatMap((rule) => rule.ports ?? []);
    const isServed = (port: string | number) =>
      selected.some(({ pod }) => pod.containers.some((container) => portOf(container, port) !== undefined));
    return ports
      .filter(({ port }) => !isServed(port))
      .map(({ port }) => `NetworkPolicy ${name} allows port ${port}, which nothing has`);
  });
}

function checkUrls(
  services: ReturnType<typeof ofKind<ServiceSpec>>,
  policies: readonly PolicySpec[] | undefined,
  { workloads, namespace }: { readonly workloads: Servers; readonly namespace: string },
): readonly string[] {
  return workloads.flatMap((from) =>
    from.pod.containers
      .flatMap((container) => urlsIn(container, namespace))
      .flatMap(({ host, port }) => {
        const said = `${from.name} connects to ${host}:${port}`;
        const names = host.split('.');
        const serviceName = names.at(-3);
        const service = services.find(({ name }) => name === serviceName);
        const [to] = service === undefined ? [] : serversOf(workloads, service.spec.selector);
        if (service === undefined || to === undefined) return [`${said}, which is no Service`];
        const [ordinal] = names.length > 3 ? [Number(/-(\d+)$/.exec(names[0] ?? '')?.[1])] : [0];
        if (!names[0]?.startsWith('$(') && !((ordinal ?? 0) < (to.replicas ?? 1))) return [`${said}, which is no pod`];
        if (!service.spec.ports.some((one) => one.port === port)) return [`${said}, which is no port of it`];
        const isOwn = to === from;
        if (policies !== undefined && !isOwn && !mayConnect(policies, from, to, port)) return [`${said}, and may not`];
        return [];
      }),
  );
}

/** A line for each fault. */
export function checkNetwork(
  objects: readonly KubernetesObject[],
  workloads: Servers,
  namespace: string,
): readonly string[] {
  const policies = ofKind<PolicySpec>(objects, 'NetworkPolicy');
  const denied = policies.filter(({ spec }) => spec.ingress === undefined && spec.policyTypes.length === 2);
  const open = workloads.filter(
    ({ labels }) => !denied.some(({ spec }) => selects(spec.podSelector.matchLabels, labels)),
  );
  const isOn = policies.length > 0;
  return [
    ...checkServices(objects, workloads),
    ...checkStatefulSets(objects, workloads),
    ...checkPolicies(policies, workloads),
    ...(isOn ? open.map(({ name }) => `${name} is not denied by default`) : []),
    ...checkUrls(ofKind<ServiceSpec>(objects, 'Service'), isOn ? policies.map(({ spec }) => spec) : undefined, {
      workloads,
      namespace,
    }),
  ];
}
