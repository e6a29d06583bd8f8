/**
 * The contexts that `kubectl ws` keeps in a kubeconfig: where one is, where one was, and named
 * ones.
 */
import type { Entry, Kubeconfig } from './kubeconfig.ts';

export const currentWorkspaceContext = 'workspace.kcp.io/current';
export const previousWorkspaceContext = 'workspace.kcp.io/previous';

export interface Place {
  readonly cluster: Entry;
  readonly user: string | undefined;
}

function setPlace(config: Kubeconfig, name: string, place: Place): void {
  config.set('clusters', name, place.cluster);
  config.set('contexts', name, { cluster: name, ...(place.user === undefined ? {} : { user: place.user }) });
}

function placeOf(config: Kubeconfig, contextName: string | undefined): Place | undefined {
  const context = contextName === undefined ? undefined : config.get('contexts', contextName);
  const cluster = context === undefined ? undefined : config.get('clusters', String(context['cluster'] ?? ''));
  if (context === undefined || cluster === undefined) return undefined;
  return { cluster, user: context['user'] === undefined ? undefined : String(context['user']) };
}

/**
 * Makes `place` the current one and remembers the one before it. The namespace is not taken along:
 * it belongs to the old workspace.
 */
export async function enterPlace(config: Kubeconfig, place: Place): Promise<void> {
  const left = placeOf(config, config.currentContext);
  if (left !== undefined) setPlace(config, previousWorkspaceContext, left);
  setPlace(config, currentWorkspaceContext, place);
  config.useContext(currentWorkspaceContext);
  await config.save();
}

/** Where `kubectl ws -` goes; undefined when nothing was left yet. */
export function previousPlace(config: Kubeconfig): Place | undefined {
  return placeOf(config, previousWorkspaceContext);
}

/** Adds or replaces a context of the user's own name, and switches to it if asked. */
export async function savePlace(
  config: Kubeconfig,
  name: string,
  place: Place,
  options: { readonly use: boolean },
): Promise<void> {
  setPlace(config, name, place);
  if (options.use) config.useContext(name);
  await config.save();
}
