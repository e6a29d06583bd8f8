/**
 * The manifests for `kubectl apply -k`, made of what helm renders: what all overlays have in common
 * is the base, and `ha` is what it changes of `sharded`.
 */
import { isDeepStrictEqual } from 'node:util';
import { jsonPatchOf } from './json-patch.ts';
import type { KubernetesObject } from './kubernetes-object.ts';
import { idOf } from './kubernetes-object.ts';
import { writeManifests } from './manifests.ts';
import type { Preset } from './render-chart.ts';

type Objects = readonly KubernetesObject[];
/** Texts by path, below `k8s/`. */
export type Files = Readonly<Record<string, string>>;

const notice = '# Made from deploy/chart by `make manifests`: change it there.\n';

/** As they are without helm: nothing says that it manages them. */
export function withoutHelm<T>(value: T): T {
  if (Array.isArray(value)) return value.map((item: unknown) => withoutHelm(item)) as T;
  if (typeof value !== 'object' || value === null) return value;
  const kept = Object.entries(value).filter(([key]) => key !== 'app.kubernetes.io/managed-by');
  return Object.fromEntries(kept.map(([key, item]) => [key, withoutHelm(item as unknown)])) as T;
}

function findSame(objects: Objects, wanted: KubernetesObject): KubernetesObject | undefined {
  return objects.find((object) => idOf(object) === idOf(wanted));
}

/** A file for each component. */
function filesOf(folder: string, objects: Objects): Record<string, string> {
  const byFile = Map.groupBy(
    objects,
    ({ metadata }) => metadata.labels?.['app.kubernetes.io/component'] ?? 'installation',
  );
  const files = [...byFile].map(([name, all]) => [`${folder}/${name}.yaml`, notice + writeManifests(all)]);
  return Object.fromEntries(files) as Record<string, string>;
}

interface Kustomization {
  readonly folder: string;
  readonly on?: string;
  readonly objects: Objects;
  readonly patches?: readonly { readonly target: object; readonly patch: string }[];
}

function kustomization({ folder, on, objects, patches = [] }: Kustomization): Record<string, string> {
  const files = filesOf(folder, objects);
  const own = Object.keys(files).map((path) => path.slice(folder.length + 1));
  const content = {
    apiVersion: 'kustomize.config.k8s.io/v1beta1',
    kind: 'Kustomization',
    resources: [...(on === undefined ? [] : [on]), ...own.sort()],
    ...(patches.length === 0 ? {} : { patches }),
  };
  return { ...files, [`${folder}/kustomization.yaml`]: notice + writeManifests([content]) };
}

/** What makes of one object the other one. */
function patchOf(before: KubernetesObject, after: KubernetesObject) {
  const [group, version] = before.apiVersion.includes('/') ? before.apiVersion.split('/') : ['', before.apiVersion];
  const target = {
    ...(group === '' ? {} : { group }),
    version,
    kind: before.kind,
    name: before.metadata.name,
  };
  return { target, patch: writeManifests([jsonPatchOf(before, after)]) };
}

/** Throws where `ha` leaves out something that `sharded` has: it could not be made of it. */
export function kustomizations(rendered: Readonly<Record<Preset, Objects>>): Files {
  const { embedded, sharded, ha } = withoutHelm(rendered);
  const inAll = (object: KubernetesObject) =>
    [embedded, sharded, ha].every((all) => isDeepStrictEqual(findSame(all, object), object));
  const base = sharded.filter(inAll);
  const rest = (objects: Objects) => objects.filter((object) => !inAll(object));
  const [gone] = sharded.filter((object) => findSame(ha, object) === undefined);
  if (gone !== undefined) throw new Error(`ha has no ${idOf(gone)}, which sharded has`);
  const changed = sharded.flatMap((before) => {
    const after = findSame(ha, before);
    return after === undefined || isDeepStrictEqual(before, after) ? [] : [patchOf(before, after)];
  });
  const added = ha.filter((object) => findSame(sharded, object) === undefined);
  return {
    ...kustomization({ folder: 'base', objects: base }),
    ...kustomization({ folder: 'overlays/embedded', on: '../../base', objects: rest(embedded) }),
    ...kustomization({ folder: 'overlays/sharded', on: '../../base', objects: rest(sharded) }),
    ...kustomization({ folder: 'overlays/ha', on: '../sharded', objects: added, patches: changed }),
  };
}

/** The values that the manifests are made with. */
export const kustomizeValues = { createNamespace: true };
