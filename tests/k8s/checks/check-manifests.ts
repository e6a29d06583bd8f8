/** Everything that can be said of manifests without a cluster. */
import type { KubernetesObject } from '@kcp-ts/build';
import { idOf } from '@kcp-ts/build';
import { services } from '@kcp-ts/kcp-ts';
import type { CredentialsOptions } from './check-credentials.ts';
import { checkCredentials } from './check-credentials.ts';
import { checkNetwork } from './check-network.ts';
import { checkPods } from './check-pods.ts';
import type { Labels, Workload } from './workload.ts';
import { ofKind, selects, workloadsOf } from './workload.ts';

/** Our programs have to take the flags that they are given, together. */
async function checkFlags({ kind, name, pod }: Workload): Promise<readonly string[]> {
  const results = pod.containers
    .filter(({ command }) => command === undefined)
    .map(async ({ args: [program = '', ...args] = [] }) => {
      const service = services[program];
      if (service === undefined) return [];
      const expanded = args.map((argument) =>
        argument.replaceAll('$(POD_IP)', '10.1.2.3').replaceAll('$(POD_NAME)', name),
      );
      const result = (await service()).readConfig(expanded, {});
      return result.kind === 'wrong' ? [`${kind} ${name}: ${result.message}`] : [];
    });
  return (await Promise.all(results)).flat();
}

function checkIds(objects: readonly KubernetesObject[]): readonly string[] {
  const ids = objects.map(idOf);
  return ids.filter((id, index) => ids.indexOf(id) !== index).map((id) => `${id} is there twice`);
}

interface BudgetSpec {
  readonly selector: { readonly matchLabels: Labels };
}

interface AutoscalerSpec {
  readonly scaleTargetRef: { readonly kind: string; readonly name: string };
}

function checkScaling(objects: readonly KubernetesObject[], workloads: readonly Workload[]): readonly string[] {
  const budgets = ofKind<BudgetSpec>(objects, 'PodDisruptionBudget').flatMap(({ name, spec }) => {
    const selected = workloads.filter(({ labels }) => selects(spec.selector.matchLabels, labels));
    if (selected.length !== 1) return [`PodDisruptionBudget ${name} selects ${selected.length} workloads`];
    return selected[0]?.replicas === 1 ? [`PodDisruptionBudget ${name} blocks the drain of a node`] : [];
  });
  const autoscalers = ofKind<AutoscalerSpec>(objects, 'HorizontalPodAutoscaler').flatMap(
    ({ name, spec: { scaleTargetRef: target } }) => {
      const found = workloads.find((one) => one.kind === target.kind && one.name === target.name);
      if (found === undefined) return [`HorizontalPodAutoscaler ${name} scales nothing`];
      return found.replicas === undefined ? [] : [`${name} has replicas, and an autoscaler that changes them`];
    },
  );
  return [...budgets, ...autoscalers];
}

function checkReferences(objects: readonly KubernetesObject[], workloads: readonly Workload[]): readonly string[] {
  const has = (kind: string, name: string | undefined) =>
    name === undefined || objects.some((object) => object.kind === kind && object.metadata.name === name);
  return workloads.flatMap(({ name, pod }) => [
    ...(has('ServiceAccount', pod.serviceAccountName)
      ? []
      : [`${name} has the ServiceAccount ${pod.serviceAccountName}, which is not there`]),
    ...(has('PriorityClass', pod.priorityClassName)
      ? []
      : [`${name} has the PriorityClass ${pod.priorityClassName}, which is not there`]),
  ]);
}

/** A line for each fault; none where all is well. */
export async function checkManifests(
  objects: readonly KubernetesObject[],
  options: CredentialsOptions,
): Promise<readonly string[]> {
  const workloads = workloadsOf(objects);
  const flags = await Promise.all(workloads.map(checkFlags));
  return [
    ...checkIds(objects),
    ...checkPods(workloads),
    ...checkNetwork(objects, workloads, options.namespace),
    ...checkCredentials(objects, workloads, options),
    ...checkScaling(objects, workloads),
    ...checkReferences(objects, workloads),
    ...flags.flat(),
  ];
}
