/**
 * What other services must know of every workspace and logical cluster: where a path leads, and
 * where a cluster is. A projection has the shape of the object it is made of, with the fields that
 * an index reads and those by whose change the shard of the Workspace asks for its cluster again,
 * so that a feed carries some hundred bytes and nothing private.
 */
import type { KubeObject, LogicalClusterName } from '@kcp-ts/api';
import { encodeStored, kindPrefix, parseStored, storedFlags } from '@kcp-ts/storage';

/** Where Workspaces are stored, but for the identity that comes next. */
const workspacesStart = kindPrefix('tenancy.kcp.io', 'workspaces');

const keptAnnotations = [
  'core.kcp.io/shard',
  'kcp.io/path',
  'internal.tenancy.kcp.io/type',
  'internal.kcp.io/replicate',
  'authorization.kcp.io/required-groups',
];
/** Of no definition: a projection is never served as it is. */
const noFingerprint = '0000000000000000';

interface Projected extends KubeObject {
  readonly spec?: {
    readonly cluster?: LogicalClusterName;
    readonly owner?: { readonly cluster: LogicalClusterName; readonly name: string };
  };
  readonly status?: {
    readonly phase?: string;
    readonly initializers?: readonly string[];
    readonly terminators?: readonly string[];
  };
}

/** Whether a key is that of a Workspace. */
export function isWorkspaceKey(key: string): boolean {
  return key.startsWith(workspacesStart);
}

/** The projection of a stored Workspace or LogicalCluster, as a stored value. */
export function projectionOf(value: Uint8Array): Uint8Array {
  const { apiVersion, kind, metadata, spec, status } = parseStored<Projected>(value);
  const annotations: Record<string, string> = {};
  for (const name of keptAnnotations) {
    const text = metadata.annotations?.[name];
    if (text !== undefined) annotations[name] = text;
  }
  const owner = spec?.owner;
  const projected = {
    apiVersion,
    kind,
    metadata: { name: metadata.name, uid: metadata.uid, annotations },
    spec: {
      ...(spec?.cluster === undefined ? {} : { cluster: spec.cluster }),
      ...(owner === undefined ? {} : { owner: { cluster: owner.cluster, name: owner.name } }),
    },
    status: { phase: status?.phase, initializers: status?.initializers, terminators: status?.terminators },
  };
  return encodeStored(noFingerprint, storedFlags(value), JSON.stringify(projected));
}
