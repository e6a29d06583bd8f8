/**
 * Prepares the questions about what an object refers to in other workspaces: may its writer bind
 * that export, use that type? Before an answer that would be no because of what is known of other
 * shards, everything that they have committed is brought in, so that a user who has just made an
 * export can bind it from anywhere. The strategy of the kind gives the answer.
 */
import type { KubeObject, LogicalClusterName } from '@kcp-ts/api';
import { StatusError } from '@kcp-ts/api';
import type { Turns } from '@kcp-ts/base';
import type { WriteContext } from '@kcp-ts/registry';
import type { ApiBinding } from '@kcp-ts/sharing';
import type { PathReference, Workspace, WorkspaceType, WorkspaceTypes } from '@kcp-ts/tenancy';
import { newReferences } from '@kcp-ts/tenancy';
import type { AdmissionPlugin } from '../plugin.ts';

type Writer = Pick<WriteContext, 'user'>;

/** What is asked about references; a strategy asks the same. */
export interface ReferenceRights {
  /** Whether the writer may bind `path:name`; false as well where there is no such export. */
  mayBind(writer: Writer, path: string, name: string): boolean;
  /** The verb `use` on a type, in its cluster. */
  mayUse(writer: Writer, cluster: LogicalClusterName, name: string): boolean;
  /**
   * Whether the path is the name of the logical cluster that it means, and can therefore never mean
   * another.
   */
  isName(path: string): boolean;
  /**
   * The logical cluster that the writer of a type means by a path; undefined where it may not know.
   */
  meantBy(writer: Writer, reference: PathReference): string | undefined;
}

export interface ReferencesDependencies {
  readonly types: WorkspaceTypes;
  resolve(path: string): string | undefined;
  readonly rights: ReferenceRights;
  readonly turns: Turns;
  /** Compiles the bindings of clusters, with turns for others; undefined where they are. */
  prepareClusters(clusters: Iterable<string>, turns: Turns): Promise<void> | undefined;
  /**
   * Brings in what other shards have committed; false where one of them cannot be asked. Absent
   * where there are no others.
   */
  catchUp?: (() => Promise<boolean>) | undefined;
}

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

/**
 * What an object of a kind refers to, as a question: is everything there that it needs? Undefined
 * for kinds that refer to nothing.
 */
type Question = (object: KubeObject, context: WriteContext, old: KubeObject | undefined) => boolean;

function questions(
  { types }: Pick<ReferencesDependencies, 'types'>,
  { mayBind, mayUse, isName, meantBy }: ReferenceRights,
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

/**
 * The clusters that the questions about an object are decided in: their bindings are compiled
 * before, with turns for others.
 */
function clustersAsked({
  types,
  resolve,
}: Pick<ReferencesDependencies, 'types' | 'resolve'>): Readonly<Record<string, Asked>> {
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

/**
 * Kinds that can come to refer to something else: others refer for ever to what they were made
 * with.
 */
const changingKinds: ReadonlySet<string> = new Set(['workspacetypes.tenancy.kcp.io']);

export function createReferencesPlugins(deps: ReferencesDependencies): readonly AdmissionPlugin[] {
  const { catchUp } = deps;
  const asked = clustersAsked(deps);

  async function lookAgain(question: Question, ...write: Parameters<Question>): Promise<void> {
    if (catchUp === undefined || question(...write)) return;
    if ((await catchUp()) || question(...write)) return;
    throw new StatusError('ServiceUnavailable', 'what the object refers to cannot be looked up now', {
      retryAfterSeconds: 1,
    });
  }

  return Object.entries(questions(deps, deps.rights)).map(([resource, question]) => ({
    name: 'References',
    operations: changingKinds.has(resource) ? ['CREATE', 'UPDATE'] : ['CREATE'],
    resources: [resource],
    admit(attributes) {
      const { object, oldObject } = attributes;
      if (object === undefined) return;
      const ready = deps.prepareClusters(asked[resource]?.(object, attributes, oldObject) ?? [], deps.turns);
      const look = () => (catchUp === undefined ? undefined : lookAgain(question, object, attributes, oldObject));
      return ready === undefined ? look() : ready.then(look);
    },
  }));
}
