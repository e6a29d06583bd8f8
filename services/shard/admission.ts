/** The desks that look at every write of this shard: claims put their labels on, and a reference to another shard is looked at in that shard's present. */

import { keepServerOwnedMetadata } from '@kcp-ts/behaviours';
import { createReplicateMarks } from '@kcp-ts/controllers';
import type { KubeObject } from '@kcp-ts/meta';
import { isWorkspacePath, StatusError } from '@kcp-ts/meta';
import type { Admission, WriteContext } from '@kcp-ts/registry';
import { objectKey } from '@kcp-ts/registry';
import type { ApiBinding } from '@kcp-ts/sharing';
import { bindingsPrefix, exportKey } from '@kcp-ts/sharing';
import type { Workspace } from '@kcp-ts/tenancy';
import type { Access } from './access.ts';
import type { Tenancy } from './behaviours.ts';
import type { Core } from './core.ts';

/** Kinds of which some objects leave the shard, by what they say. */
const markedKinds: ReadonlySet<string> = new Set([
  'clusterroles.rbac.authorization.k8s.io',
  'clusterrolebindings.rbac.authorization.k8s.io',
]);

interface Referring extends KubeObject {
  readonly spec?: {
    readonly export?: { readonly path?: string; readonly name: string };
    readonly defaultAPIBindings?: readonly { readonly path?: string; readonly export: string }[];
  };
}

/** What an object of a kind refers to, as a question: is everything there that it needs? Undefined for kinds that refer to nothing. */
type Question = (object: KubeObject, context: WriteContext) => boolean;

function questions(tenancy: Tenancy, access: Access, core: Core): Readonly<Record<string, Question>> {
  function mayBind(context: WriteContext, path: string, name: string): boolean {
    const cluster = isWorkspacePath(path) ? tenancy.resolve(path) : undefined;
    if (cluster === undefined || core.reader.get(exportKey(cluster, name)) === undefined) return false;
    return access.mayDeep(context.user, cluster, 'bind', { group: 'apis.kcp.io', resource: 'apiexports', name });
  }
  return {
    'apibindings.apis.kcp.io'(object, context) {
      const reference = (object as ApiBinding).spec?.reference?.export;
      return reference?.path === undefined || mayBind(context, reference.path, reference.name);
    },
    'apiexportendpointslices.apis.kcp.io'(object, context) {
      const reference = (object as Referring).spec?.export;
      return reference?.path === undefined || mayBind(context, reference.path, reference.name);
    },
    'workspacetypes.tenancy.kcp.io': (object, context) =>
      ((object as Referring).spec?.defaultAPIBindings ?? []).every(
        ({ path, export: name }) => path === undefined || mayBind(context, path, name),
      ),
    'workspaces.tenancy.kcp.io'(object, context) {
      const type = (object as Workspace).spec?.type;
      if (type === undefined) return true;
      const { path = '', name } = type;
      const found = path === '' ? tenancy.types.near(context.cluster, name) : tenancy.types.at(path, name);
      const target = { group: 'tenancy.kcp.io', resource: 'workspacetypes', name };
      return found !== undefined && access.mayDeep(context.user, found.cluster, 'use', target);
    },
  };
}

/**
 * Before an answer that would be no because of what is known of other shards, everything that they have committed is brought in, so that whoever has
 * just made an export can bind it from anywhere. What cannot be found out is 503, not a refusal.
 */
export function shardAdmission(core: Core, tenancy: Tenancy, access: Access): Admission {
  const { peers } = core;
  const byKind = questions(tenancy, access, core);
  const marks = createReplicateMarks({
    typesPrefix: () => core.ownPrefix('tenancy.kcp.io', 'workspacetypes'),
  });

  async function lookAgain(object: KubeObject, context: WriteContext, question: Question): Promise<void> {
    if (peers === undefined || question(object, context)) return;
    if ((await peers.catchUp()) || question(object, context)) return;
    throw new StatusError('ServiceUnavailable', 'what the object refers to cannot be looked up now', {
      retryAfterSeconds: 1,
    });
  }

  return {
    mutate(object, old, context) {
      const { group, plural } = context.served.row;
      const resource = `${plural}.${group}`;
      keepServerOwnedMetadata(resource, object, old, context.user);
      if (peers === undefined || old !== undefined) return;
      const question = byKind[resource];
      return question === undefined ? undefined : lookAgain(object, context, question);
    },
    validate: () => undefined,
    settle(object, _old, { served, cluster }) {
      const { group, plural } = served.row;
      // Which claims apply is what the bindings of the workspace say.
      const bindings = core.store.unchanged({ prefix: `${bindingsPrefix}${cluster}/` });
      core.claims.label(cluster, { group, plural, identity: served.identity }, object);
      if (peers === undefined || !markedKinds.has(`${plural}.${group}`)) return [bindings];
      // What others judge by is marked as it is written, so that a right counts everywhere as soon as it was given.
      const decision = core.decide();
      marks.mark(decision, objectKey(served, cluster, '', object.metadata.name), object);
      return [bindings, ...decision.conditions([])];
    },
  };
}
