/**
 * The scale subresource of custom resources: an autoscaling/v1 Scale over the paths that the
 * definition names.
 */
import type { ClusterName, KubeObject, ScalePaths } from '@kcp-ts/api';
import { StatusError } from '@kcp-ts/api';
import { applyJsonPatch, applyMergePatch } from '@kcp-ts/patch';
import type { ServedResource } from '@kcp-ts/registry';
import { objectKey, servedObject, update } from '@kcp-ts/registry';
import { compileJsonPath, hasKey, isJsonObject, isNumber, JsonPathError, jsonKind, setMember } from '@kcp-ts/schema';
import { parseWriteOptions } from '../options/write-options.ts';
import { contentTypeOf, unsupportedMediaType } from '../read-body.ts';
import type { ServerDependencies, SpecialAnswer, SpecialCall, SpecialHandler } from '../server-dependencies.ts';

interface Scale extends KubeObject {
  spec?: { replicas?: number };
  status?: { replicas: number; selector?: string };
}

/** The paths of one resource, compiled. */
interface ScaleReader {
  replicas(object: KubeObject): number | undefined;
  read(object: KubeObject): Scale;
}

const patchTypes = ['application/json-patch+json', 'application/merge-patch+json'];

/** The first value at a path; none where finding it takes too long. */
function firstAt(path: string): (object: KubeObject) => unknown {
  const read = compileJsonPath(path);
  return (object) => {
    try {
      return read(object)[0];
    } catch (thrown) {
      if (thrown instanceof JsonPathError) return undefined;
      throw thrown;
    }
  };
}

function compileReader(paths: ScalePaths): ScaleReader {
  const number = (path: string) => {
    const read = firstAt(path);
    return (object: KubeObject) => {
      const value = read(object);
      return typeof value === 'number' ? value : undefined;
    };
  };
  const replicas = number(paths.specReplicasPath);
  const current = number(paths.statusReplicasPath);
  const selectorOf = paths.labelSelectorPath === undefined ? undefined : firstAt(paths.labelSelectorPath);
  return {
    replicas,
    read(object) {
      const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata;
      const selector = selectorOf?.(object);
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
        spec: { replicas: replicas(object) ?? 0 },
        status: {
          replicas: current(object) ?? 0,
          ...(typeof selector === 'string' && selector !== '' ? { selector } : {}),
        },
      };
    },
  };
}

/**
 * Puts a number where a dotted path points, making the objects on the way. The path comes from a
 * definition: a name of it is a field of the object and never what all objects inherit, as
 * `__proto__`.
 */
function setAt(object: KubeObject, path: string, value: number): void {
  const names = path.split('.').filter((name) => name !== '');
  const last = names.pop();
  let at: Record<string, unknown> = object;
  for (const name of names) {
    const child = hasKey(at, name) ? at[name] : undefined;
    const next = isJsonObject(child) ? child : {};
    if (next !== child) setMember(at, name, next);
    at = next;
  }
  if (last !== undefined) setMember(at, last, value);
}

/** The Scale that a PUT or PATCH asks for. */
function wantedScale({ request, body }: SpecialCall, live: Scale): Scale {
  if (request.method === 'PUT') return body as Scale;
  const type = contentTypeOf(request);
  if (!patchTypes.includes(type)) throw unsupportedMediaType(type, patchTypes);
  return (type === 'application/json-patch+json' ? applyJsonPatch(live, body) : applyMergePatch(live, body)) as Scale;
}

/** The number of replicas that a Scale asks for; throws for what is no Scale of this object. */
function checkedReplicas(scale: Scale, name: string): number {
  if (typeof scale !== 'object' || scale === null || Array.isArray(scale)) {
    throw StatusError.badRequest('the body of a scale must be an object of kind Scale');
  }
  if (scale.kind !== 'Scale' || scale.apiVersion !== 'autoscaling/v1') {
    const sent = `${scale.apiVersion ?? ''}, Kind=${scale.kind ?? ''}`;
    throw StatusError.badRequest(`the body must be a Scale of autoscaling/v1, not ${sent}`);
  }
  const named = scale.metadata?.name ?? '';
  if (named !== '' && named !== name) {
    throw StatusError.badRequest(`the name of the object (${named}) does not match the name on the URL (${name})`);
  }
  const replicas: unknown = scale.spec?.replicas ?? 0;
  if (typeof replicas !== 'number' || !Number.isInteger(replicas)) {
    const kind = isNumber(replicas) ? `number ${replicas}` : jsonKind(replicas);
    const why = `json: cannot unmarshal ${kind} into Go struct field ScaleSpec.spec.replicas of type int32`;
    throw StatusError.badRequest(`Scale in version "v1" cannot be handled as a Scale: ${why}`);
  }
  return replicas;
}

/** For every resource with scale paths. */
export function createScaleHandler(deps: Pick<ServerDependencies, 'store' | 'registry'>): SpecialHandler {
  const readers = new WeakMap<ScalePaths, ScaleReader>();

  function readerOf(paths: ScalePaths): ScaleReader {
    let reader = readers.get(paths);
    if (reader === undefined) {
      reader = compileReader(paths);
      readers.set(paths, reader);
    }
    return reader;
  }

  function get(call: SpecialCall, served: ServedResource, cluster: ClusterName, paths: ScalePaths): SpecialAnswer {
    const entry = deps.store.get(objectKey(served, cluster, call.namespace, call.objectName));
    const object = entry === undefined ? undefined : servedObject(served, entry.value);
    if (object === undefined || call.storage.objectFilter(served)?.isVisible(object) === false) {
      throw StatusError.notFound(served.definition, call.objectName);
    }
    const reader = readerOf(paths);
    if (reader.replicas(object) === undefined) {
      const why = `the spec replicas field ${JSON.stringify(paths.specReplicasPath)} does not exist`;
      throw new StatusError('InternalError', `Internal error occurred: ${why}`);
    }
    return { status: 200, object: reader.read(object) };
  }

  async function write(call: SpecialCall, cluster: ClusterName, paths: ScalePaths): Promise<SpecialAnswer> {
    const { request, storage, served, namespace, objectName } = call;
    const reader = readerOf(paths);
    const written = await update(deps.registry, {
      served,
      cluster,
      namespace,
      name: objectName,
      user: request.user,
      dryRun: parseWriteOptions(request.query, request.method === 'PUT' ? 'UpdateOptions' : 'PatchOptions').dryRun,
      subresource: '',
      fieldValidation: 'Ignore',
      objectFilter: storage.objectFilter(served),
      replaces: false,
      warn: (text) => request.warnings.push(text),
      change(live) {
        const object = live();
        const scale = wantedScale(call, reader.read(object));
        const replicas = checkedReplicas(scale, objectName);
        const { resourceVersion = '', uid } = scale.metadata ?? {};
        // What the Scale names is what the object must still be.
        object.metadata.resourceVersion = resourceVersion;
        if (uid !== undefined) object.metadata.uid = uid;
        setAt(object, paths.specReplicasPath, replicas);
        return { object, duplicates: [] };
      },
    });
    return { status: 200, object: reader.read(servedObject(served, written.value)) };
  }

  return {
    name: '*/scale',
    async handle(call) {
      const { request, cluster, served } = call;
      const paths = served.definition.scale;
      if (paths === undefined || cluster === '*') throw StatusError.pathNotFound();
      return request.method === 'GET' ? get(call, served, cluster, paths) : write(call, cluster, paths);
    },
  };
}
