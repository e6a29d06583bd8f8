/** The scale subresource of custom resources: an autoscaling/v1 Scale over the paths that the definition names. */
import type { KubeObject, ScalePaths } from '@kcp-ts/meta';
import { invalidValue, StatusError } from '@kcp-ts/meta';
import { applyJsonPatch, applyMergePatch } from '@kcp-ts/patch';
import { currentObject, objectKey, update } from '@kcp-ts/registry';
import { compileJsonPath } from '@kcp-ts/schema';
import { contentTypeOf, unsupportedMediaType } from '../read-body.ts';
import type { ServerNeeds, SpecialCall, SpecialHandler } from '../server-needs.ts';
import { parseDryRun } from '../options.ts';

interface Scale extends KubeObject {
  spec: { replicas: number };
  status: { replicas: number; selector?: string };
}

function numberAt(object: KubeObject, path: string): number {
  const [value] = compileJsonPath(path)(object);
  return typeof value === 'number' ? value : 0;
}

function scaleOf(object: KubeObject, paths: ScalePaths): Scale {
  const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata;
  const [selector] = paths.labelSelectorPath === undefined ? [] : compileJsonPath(paths.labelSelectorPath)(object);
  return {
    kind: 'Scale',
    apiVersion: 'autoscaling/v1',
    metadata: {
      name,
      ...(namespace === undefined ? {} : { namespace }),
      ...(uid === undefined ? {} : { uid }),
      ...(resourceVersion === undefined ? {} : { resourceVersion }),
      creationTimestamp: creationTimestamp ?? null,
    },
    spec: { replicas: numberAt(object, paths.specReplicasPath) },
    status: { replicas: numberAt(object, paths.statusReplicasPath), ...(typeof selector === 'string' ? { selector } : {}) },
  };
}

/** Puts a number where a dotted path points, making the objects on the way. */
function setAt(object: KubeObject, path: string, value: number): void {
  const names = path.split('.').filter((name) => name !== '');
  const last = names.pop();
  let at: Record<string, unknown> = object;
  for (const name of names) {
    const child = at[name];
    at[name] = typeof child === 'object' && child !== null ? child : {};
    at = at[name] as Record<string, unknown>;
  }
  if (last !== undefined) at[last] = value;
}

function changed(call: SpecialCall, live: Scale): Scale {
  const type = contentTypeOf(call.request);
  if (call.request.method === 'PUT') return call.body as Scale;
  if (type === 'application/merge-patch+json') return applyMergePatch(live, call.body) as Scale;
  if (type === 'application/json-patch+json') return applyJsonPatch(live, call.body) as Scale;
  throw unsupportedMediaType(type, ['application/json-patch+json', 'application/merge-patch+json']);
}

function checkScale(scale: Scale, name: string): void {
  const replicas = scale.spec?.replicas ?? 0;
  if (Number.isInteger(replicas) && replicas >= 0) return;
  throw StatusError.invalid({ group: 'autoscaling', kind: 'Scale' }, name, [invalidValue('spec.replicas', replicas, 'must be greater than or equal to 0')]);
}

/** For every resource with scale paths. */
export function createScaleHandler(needs: Pick<ServerNeeds, 'store' | 'registry'>): SpecialHandler {
  return {
    name: '*/scale',
    async handle(call) {
      const { request, scope, served, namespace, objectName } = call;
      const paths = served.row.scale;
      if (paths === undefined || scope.cluster === '*') throw StatusError.pathNotFound();
      if (request.method === 'GET') {
        const entry = needs.store.get(objectKey(served, scope.cluster, namespace, objectName));
        if (entry === undefined) throw StatusError.notFound(served.row, objectName);
        return { status: 200, object: scaleOf(currentObject(served.storage, entry.value), paths) };
      }
      let result: Scale | undefined;
      await update(needs.registry, {
        served,
        cluster: scope.cluster,
        namespace,
        name: objectName,
        user: request.user,
        dryRun: parseDryRun(request.query.all('dryRun'), 'UpdateOptions'),
        subresource: '',
        fieldValidation: 'Ignore',
        guard: scope.guard(served),
        replaces: false,
        warn: (text) => request.warnings.push(text),
        change(live) {
          const object = live();
          const scale = changed(call, scaleOf(object, paths));
          checkScale(scale, objectName);
          const { resourceVersion } = scale.metadata ?? {};
          if (resourceVersion !== undefined && resourceVersion !== object.metadata.resourceVersion) throw StatusError.conflict(served.row, objectName);
          setAt(object, paths.specReplicasPath, scale.spec?.replicas ?? 0);
          result = scale;
          return { object, duplicates: [] };
        },
      });
      const entry = needs.store.get(objectKey(served, scope.cluster, namespace, objectName));
      return { status: 200, object: entry === undefined ? result : scaleOf(currentObject(served.storage, entry.value), paths) };
    },
  };
}
