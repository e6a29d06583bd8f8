/** Finds the watches that a change concerns by its group and resource, instead of asking each. */
import type { Change } from '@kcp-ts/watch';
import type { Controller, Watch } from './controller.ts';

/** Called with the keys that a watch names, or for a watch that failed. */
export interface DispatchTarget {
  add(key: string): void;
  fail(key: string, error: unknown): void;
}

interface Watcher {
  readonly watch: Watch;
  readonly target: DispatchTarget;
}

export function prefixOf({ prefix }: Watch): string {
  return typeof prefix === 'string' ? prefix : prefix();
}

/** `group/resource/` of a key, or of a prefix; '' where there are no two segments. */
function resourceOf(key: string): string {
  return key.slice(0, key.indexOf('/', key.indexOf('/') + 1) + 1);
}

/**
 * Returns what hands a change to all watches. A change that one watch cannot read still reaches the
 * others.
 */
export function createDispatch(
  targets: readonly (readonly [controller: Controller, target: DispatchTarget])[],
): (change: Change) => void {
  const ofEverything: Watcher[] = [];
  const byResource = new Map<string, Watcher[]>();
  for (const [{ watches }, target] of targets) {
    for (const watch of watches) {
      if (watch.keys === undefined) continue;
      const prefix = prefixOf(watch);
      const resource = resourceOf(prefix);
      if (resource === '' && prefix !== '')
        throw new RangeError(`Cannot watch ${JSON.stringify(prefix)}: name a resource`);
      const watchers = prefix === '' ? ofEverything : (byResource.get(resource) ?? []);
      watchers.push({ watch, target });
      if (prefix !== '') byResource.set(resource, watchers);
    }
  }

  function offer({ watch, target }: Watcher, change: Change): void {
    const { key } = change.event;
    try {
      if (!key.startsWith(prefixOf(watch))) return;
      for (const each of watch.keys?.(change) ?? []) target.add(each);
    } catch (error) {
      target.fail(key, error);
    }
  }

  return (change) => {
    for (const watcher of byResource.get(resourceOf(change.event.key)) ?? []) offer(watcher, change);
    for (const watcher of ofEverything) offer(watcher, change);
  };
}
