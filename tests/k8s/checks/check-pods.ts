/** What every pod promises: restricted pod security, probes, limits, and mounts that are there. */
import type { Container, Probe, Workload } from './workload.ts';
import { portOf } from './workload.ts';

const volumeKinds: readonly string[] = ['secret', 'configMap', 'projected', 'emptyDir'];

/** Kubernetes' restricted standard, and a root that is not written to. */
function checkSecurity({ pod }: Workload): readonly string[] {
  const own = pod.securityContext;
  const found: string[] = [];
  if (pod.hostNetwork || pod.hostPID || pod.hostIPC) found.push('uses a namespace of its host');
  if (own?.runAsNonRoot !== true || own.runAsUser === 0) found.push('may run as root');
  if (own?.seccompProfile?.type !== 'RuntimeDefault') found.push('has no seccomp profile');
  for (const { name, ...volume } of pod.volumes ?? [])
    if (!Object.keys(volume).every((kind) => volumeKinds.includes(kind)))
      found.push(`volume ${name} is of a kind that is not allowed`);
  for (const { name, securityContext: context, ports } of pod.containers) {
    if (context?.allowPrivilegeEscalation !== false) found.push(`${name} may get more privileges`);
    if (context?.privileged === true) found.push(`${name} is privileged`);
    if (context?.readOnlyRootFilesystem !== true) found.push(`${name} may write to its root`);
    if (!context?.capabilities?.drop?.includes('ALL') || context.capabilities.add)
      found.push(`${name} has capabilities`);
    if (ports?.some(({ hostPort }) => hostPort !== undefined)) found.push(`${name} has a port of its host`);
  }
  return found;
}

function checkProbe(container: Container, which: string, probe: Probe | undefined): readonly string[] {
  if (probe === undefined) return [`${container.name} has no ${which}`];
  const port = probe.httpGet?.port ?? probe.tcpSocket?.port ?? '';
  return portOf(container, port) === undefined
    ? [`${which} of ${container.name} asks port ${port}, which it has not`]
    : [];
}

function checkContainer(container: Container, serves: boolean): readonly string[] {
  const { resources, startupProbe, livenessProbe, readinessProbe } = container;
  const probes = Object.entries({ startupProbe, livenessProbe, readinessProbe });
  return [
    ...(serves ? probes.flatMap(([which, probe]) => checkProbe(container, which, probe)) : []),
    ...(resources?.requests?.['cpu'] === undefined ? [`${container.name} asks for no CPU`] : []),
    ...(resources?.limits?.['memory'] === undefined ? [`${container.name} has no limit of memory`] : []),
  ];
}

function checkMounts({ pod, claims }: Workload): readonly string[] {
  const volumes = new Set([...(pod.volumes ?? []).map(({ name }) => name), ...claims]);
  return pod.containers.flatMap(({ name, volumeMounts = [] }) =>
    volumeMounts
      .filter((mount) => !volumes.has(mount.name))
      .map((mount) => `${name} mounts ${mount.name}, which is not there`),
  );
}

/** A line for each fault. */
export function checkPods(workloads: readonly Workload[]): readonly string[] {
  return workloads.flatMap((workload) => {
    const serves = workload.kind === 'Deployment' || workload.kind === 'StatefulSet';
    const isCredentials = workload.labels['app.kubernetes.io/component'] === 'credentials';
    return [
      ...checkSecurity(workload),
      ...workload.pod.containers.flatMap((container) => checkContainer(container, serves)),
      ...checkMounts(workload),
      ...(workload.pod.automountServiceAccountToken === isCredentials
        ? []
        : ['has a token of the API server, or needs one']),
    ].map((fault) => `${workload.kind} ${workload.name}: ${fault}`);
  });
}
