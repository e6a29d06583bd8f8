/** Admission as a chain of plugins, asked in the order of their list. */
import { groupResourceText } from '@kcp-ts/api';
import type { Admission, Attributes, ServedResource } from '@kcp-ts/registry';
import type { Operation } from '@kcp-ts/storage';
import type { AdmissionPlugin } from './plugin.ts';

/** The plugins that look at one operation on one resource, by what they do. */
interface Steps {
  readonly admit: readonly AdmissionPlugin[];
  readonly validate: readonly AdmissionPlugin[];
  readonly settle: readonly AdmissionPlugin[];
}

type StepsByOperation = Partial<Record<Attributes['operation'], Steps>>;

const none: readonly Operation[] = [];

function stepsOf(plugins: readonly AdmissionPlugin[], resource: string, operation: Attributes['operation']): Steps {
  const asked = plugins.filter(
    ({ operations, resources }) =>
      operations.includes(operation) && (resources === undefined || resources.includes(resource)),
  );
  return {
    admit: asked.filter(({ admit }) => admit !== undefined),
    validate: asked.filter(({ validate }) => validate !== undefined),
    settle: asked.filter(({ settle }) => settle !== undefined),
  };
}

/**
 * Calls `ask` for each plugin, one after the other; a promise where one of them has to be waited
 * for.
 */
function each(
  plugins: readonly AdmissionPlugin[],
  ask: (plugin: AdmissionPlugin) => void | Promise<void>,
  from = 0,
): void | Promise<void> {
  for (let index = from; index < plugins.length; index++) {
    const asked = ask(plugins[index] as AdmissionPlugin);
    if (asked !== undefined) return asked.then(() => each(plugins, ask, index + 1));
  }
}

export function createAdmissionChain(plugins: readonly AdmissionPlugin[]): Admission {
  // Found once for each resource: most writes are looked at by few plugins.
  const known = new WeakMap<ServedResource, StepsByOperation>();

  function steps({ served, operation }: Attributes): Steps {
    let byOperation = known.get(served);
    if (byOperation === undefined) {
      byOperation = {};
      known.set(served, byOperation);
    }
    byOperation[operation] ??= stepsOf(plugins, groupResourceText(served.definition), operation);
    return byOperation[operation];
  }

  function admitBy(plugin: AdmissionPlugin, attributes: Attributes, complete: () => void): void | Promise<void> {
    const admitted = plugin.admit?.(attributes);
    if (plugin.changesContent !== true) return admitted;
    if (admitted !== undefined) return admitted.then(complete);
    complete();
  }

  return {
    admit: (attributes, complete) => each(steps(attributes).admit, (plugin) => admitBy(plugin, attributes, complete)),
    validate: (attributes) => each(steps(attributes).validate, (plugin) => plugin.validate?.(attributes)),
    settle: (attributes) => steps(attributes).settle.flatMap((plugin) => plugin.settle?.(attributes) ?? none),
  };
}
