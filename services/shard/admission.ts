/** The desks that look at every write of this shard: claims put their labels on, and a reference to another shard is looked at in that shard's present. */

import type { KubeObject } from '@kcp-ts/api';
import { StatusError } from '@kcp-ts/api';
import { createReplicateMarks } from '@kcp-ts/controllers';
import type { Admission, WriteContext } from '@kcp-ts/registry';
import { objectKey } from '@kcp-ts/registry';
import type { ApiBinding } from '@kcp-ts/sharing';
import { bindingsPrefix } from '@kcp-ts/sharing';
import { keepServerOwnedMetadata } from '@kcp-ts/strategies';
import type { Workspace, WorkspaceType } from '@kcp-ts/tenancy';
import { newReferences } from '@kcp-ts/tenancy';
import type { Access } from './access.ts';
import type { Core } from './core.ts';
import type { References } from './references.ts';
import { createReferences } from './references.ts';
import type { Tenancy } from './strategies.ts';

/** Kinds of which some objects leave the shard, by what they say. */
const markedKinds: ReadonlySet<string> = new Set([
  'clusterroles.rbac.authorization.k8s.io',
  'clusterrolebindings.rbac.authorization.k8s.io',
]);

interface ExportReference {
  readonly path?: string;
  readonly name: string;
}

interface Referring extends KubeObject {
  readonly spec?: { readonly export?: ExportReference };
}

/** The clusters of what an object of a kind refers to. */
type Asked = (object: KubeObject, context: WriteContext, old: KubeObject | undefined) => readonly string[];
/** The type that a Workspace names, where it is one: the schema has not been asked yet. */
function typeNamed(object: KubeObject): { readonly path: string; readonly name: string } | undefined {
  const { path = '', name }: { path?: unknown; name?: unknown } = (object as Workspace).spec?.type ?? {};
  return typeof path === 'string' && typeof name === 'string' ? { path, name } : undefined;
}

/** What an object of a kind refers to, as a question: is everything there that it needs? Undefined for kinds that refer to nothing. */
type Question = (object: KubeObject, context: WriteContext, old: KubeObject | undefined) => boolean;

function questions(
  { types }: Tenancy,
  { mayBind, mayUse, isName, meantBy }: References,
): Readonly<Record<string, Question>> {
  const mayBindWhat = (reference: ExportReference | undefined, context: WriteContext) =>
    reference?.path === undefined || mayBind(context, reference.path, reference.name);
  return {
    'apibindings.apis.kcp.io': (object, context) =>
      mayBindWhat((object as ApiBinding).spec?.reference?.export, context),
    'apiexportendpointslices.apis.kcp.io': (object, context) =>
      mayBindWhat((object as Referring).spec?.export, context),
    'workspacetypes.tenancy.kcp.io': (object, context, old) =>
      newReferences(object as WorkspaceType, old as WorkspaceType | undefined).every((reference) => {
        const { path, export: name } = reference;
        if (typeof name === 'string') return mayBind(context, path, name);
        return isName(path) || meantBy(context, reference) !== undefined;
      }),
    'workspaces.tenancy.kcp.io'(object, context) {
      const type = typeNamed(object);
      if (type === undefined) return true;
      const { path, name } = type;
      const found = path === '' ? types.near(context.cluster, name) : types.at(path, name);
      return found !== undefined && mayUse(context, found.cluster, name);
    },
  };
}

/** The clusters that the questions about an object are decided in: their bindings are compiled before, with turns for others. */
function clustersAsked({ types, resolve }: Tenancy): Readonly<Record<string, Asked>> {
  const ofPath = (path: unknown) => (typeof path === 'string' ? [resolve(path) ?? []].flat() : []);
  return {
    'apibindings.apis.kcp.io': (object) => ofPath((object as ApiBinding).spec?.reference?.export?.path),
    'apiexportendpointslices.apis.kcp.io': (object) => ofPath((object as Referring).spec?.export?.path),
    'workspacetypes.tenancy.kcp.io': (object, _context, old) =>
      newReferences(object as WorkspaceType, old as WorkspaceType | undefined).flatMap(({ path }) => ofPath(path)),
    'workspaces.tenancy.kcp.io'(object, { cluster }) {
      const type = typeNamed(object);
      if (type === undefined) return [];
      const { path, name } = type;
      const found = path === '' ? types.near(cluster, name) : types.at(path, name);
      try {
        return found === undefined ? [] : types.aliases(found).map((alias) => alias.cluster);
      } catch {
        // The strategy says what is wrong with the type.
        return [];
      }
    },
  };
}

/** Kinds that can come to refer to something else: others refer for ever to what they were made with. */
const changingKinds: ReadonlySet<string> = new Set(['workspacetypes.tenancy.kcp.io']);

/**
 * Before an answer that would be no because of what is known of other shards, everything that they have committed is brought in, so that whoever has
 * just made an export can bind it from anywhere. What cannot be found out is 503, not a refusal.
 */
export function shardAdmission(core: Core, tenancy: Tenancy, access: Access): Admission {
  const { peers } = core;
  const byKind = questions(tenancy, createReferences(core, access, tenancy));
  const asked = clustersAsked(tenancy);
  const marks = createReplicateMarks({
    typesPrefix: () => core.ownPrefix('tenancy.kcp.io', 'workspacetypes'),
  });

  async function lookAgain(question: Question, ...write: Parameters<Question>): Promise<void> {
    if (peers === undefined || question(...write)) return;
    if ((await peers.catchUp()) || question(...write)) return;
    throw new StatusError('ServiceUnavailable', 'what the object refers to cannot be looked up now', {
      retryAfterSeconds: 1,
    });
  }

  return {
    mutate(object, old, context) {
      const { group, plural } = context.served.definition;
      const resource = `${plural}.${group}`;
      keepServerOwnedMetadata(resource, object, old, context.user);
      const question = byKind[resource];
      if (question === undefined || (old !== undefined && !changingKinds.has(resource))) return;
      const ready = access.prepareClusters(asked[resource]?.(object, context, old) ?? [], core.turns);
      const look = () => (peers === undefined ? undefined : lookAgain(question, object, context, old));
      return ready === undefined ? look() : ready.then(look);
    },
    validate: () => undefined,
    settle(object, _old, { served, cluster }) {
      const { group, plural } = served.definition;
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
