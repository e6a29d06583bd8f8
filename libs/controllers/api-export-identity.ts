/**
 * Gives an APIExport its identity: a secret of its own where it names none, and the hash of the
 * secret in its status; and the endpoint slice of its name. All in one commit where everything is
 * new.
 */
import { createHash } from 'node:crypto';
import type { IdentityHash, KubeObject, LogicalClusterName } from '@kcp-ts/api';
import { asClusterName, isTrueCondition, parseIdentityHash, withCondition } from '@kcp-ts/api';
import type { Controller } from '@kcp-ts/controller-runtime';
import { commit, nothing } from '@kcp-ts/controller-runtime';
import { namespaceKey } from '@kcp-ts/registry';
import type { ApiExport } from '@kcp-ts/sharing';
import { clusterOfKey, exportsPrefix, sliceKey } from '@kcp-ts/sharing';
import type { Entry, Operation, Reads } from '@kcp-ts/storage';
import { formatKey, parseStored } from '@kcp-ts/storage';
import { createOperation, namespaceObjects } from '@kcp-ts/tenancy';
import { secretsPrefix } from './key-prefixes.ts';
import type { ControllerDependencies } from './writer.ts';
import { objectOf, replaceOperation, timestamp } from './writer.ts';

export interface IdentityDependencies extends ControllerDependencies {
  readonly caBundle: string;
  pathOf(cluster: LogicalClusterName): string;
  /** Whether a logical cluster takes new content: it is there, and nobody deletes it. */
  takesContent(reads: Reads, cluster: LogicalClusterName): boolean;
}

const identityNamespace = 'kcp-system';
const identityBytes = 32;
const skipSliceAnnotation = 'apiexports.apis.kcp.io/skip-endpointslice';

function secretKey(cluster: LogicalClusterName, namespace: string, name: string): string {
  return formatKey({ group: '', resource: 'secrets', identity: '-', cluster, namespace, name });
}

/** Lower-case hex SHA-256 of a secret's `key`. */
export function identityHashOf(secret: KubeObject): IdentityHash | undefined {
  const encoded = (secret['data'] as { key?: string } | undefined)?.key;
  return encoded === undefined || encoded === ''
    ? undefined
    : parseIdentityHash(createHash('sha256').update(Buffer.from(encoded, 'base64')).digest('hex'));
}

interface Writable extends KubeObject {
  spec?: NonNullable<ApiExport['spec']> & { identity?: { secretRef?: { namespace?: string; name?: string } } };
  status?: NonNullable<ApiExport['status']>;
}

function setIdentity(object: Writable, hash: IdentityHash | undefined, now: string): void {
  const before = object.status ?? {};
  const conditions = before.conditions ?? [];
  // What is no hash was never an identity, and is replaced by the one that the secret proves.
  const known = parseIdentityHash(before.identityHash);
  const failed = (message: string) =>
    ({
      type: 'IdentityValid',
      status: 'False',
      severity: 'Error',
      reason: 'IdentityVerificationFailed',
      message,
    }) as const;
  if (hash === undefined) {
    const { namespace, name } = object.spec?.identity?.secretRef ?? {};
    object.status = {
      ...before,
      conditions: withCondition(
        conditions,
        failed(`identity secret ${namespace ?? ''}/${name ?? ''} is missing or has no key`),
        now,
      ),
    };
  } else if (known !== undefined && known !== hash) {
    const message = `hash mismatch: identity secret hash ${JSON.stringify(hash)} must match status.identityHash ${JSON.stringify(known)}`;
    object.status = { ...before, conditions: withCondition(conditions, failed(message), now) };
  } else {
    object.status = {
      ...before,
      identityHash: hash,
      conditions: withCondition(conditions, { type: 'IdentityValid', status: 'True' }, now),
    };
  }
}

// check-allow function-length -- one reconciler: its functions are the steps of one pass
export function createApiExportIdentity(deps: IdentityDependencies): Controller {
  const exports = () => deps.served('apis.kcp.io', 'apiexports');
  const newDeps = { served: deps.served, uuid: deps.random.uuid, shardNumber: deps.shardNumber };

  function slice(decision: Reads, cluster: LogicalClusterName, object: Writable, now: string): Operation[] {
    const { name, uid = '', annotations } = object.metadata;
    if (annotations?.[skipSliceAnnotation] !== undefined || decision.peek(sliceKey(cluster, name)) !== undefined)
      return [];
    const made: KubeObject = {
      apiVersion: 'apis.kcp.io/v1alpha1',
      kind: 'APIExportEndpointSlice',
      metadata: { name, ownerReferences: [{ apiVersion: 'apis.kcp.io/v1alpha1', kind: 'APIExport', name, uid }] },
      spec: { export: { name, path: deps.pathOf(cluster) } },
    };
    return [
      createOperation(newDeps, asClusterName(cluster), now, {
        group: 'apis.kcp.io',
        plural: 'apiexportendpointslices',
        namespace: '',
        object: made,
      }),
    ];
  }

  /** A secret of the export's own, unless one of its name is there already. */
  function ownSecret(
    decision: Reads,
    cluster: LogicalClusterName,
    object: Writable,
    now: string,
  ): { readonly operations: Operation[]; readonly hash: IdentityHash | undefined } {
    const { name } = object.metadata;
    const there = decision.peek(secretKey(cluster, identityNamespace, name));
    if (there !== undefined) return { operations: [], hash: identityHashOf(parseStored<KubeObject>(there.value)) };
    const key = Buffer.from(deps.random.bytes(identityBytes)).toString('base64url');
    const secret: KubeObject = {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name, namespace: identityNamespace },
      data: { key: Buffer.from(key).toString('base64') },
      type: 'Opaque',
    };
    const missing = decision.peek(namespaceKey(cluster, identityNamespace)) === undefined;
    const created = [
      ...(missing ? namespaceObjects(identityNamespace, deps.caBundle) : []),
      { group: '', plural: 'secrets', namespace: identityNamespace, object: secret },
    ];
    return {
      operations: created.map((made) => createOperation(newDeps, asClusterName(cluster), now, made)),
      hash: identityHashOf(secret),
    };
  }

  /** The hash of the secret that an export names. */
  function provenHash(
    reads: Pick<Reads, 'get'>,
    cluster: LogicalClusterName,
    { spec }: ApiExport,
  ): IdentityHash | undefined {
    const { namespace = '', name = '' } = spec?.identity?.secretRef ?? {};
    const secret = reads.get(secretKey(cluster, namespace, name));
    return secret === undefined ? undefined : identityHashOf(parseStored<KubeObject>(secret.value));
  }

  /** Whether the status says of the identity what its secret says. */
  function isSettled({ key, value }: Entry): boolean {
    const object = parseStored<ApiExport>(value);
    const { conditions = [], identityHash } = object.status ?? {};
    // What nobody has looked at yet says nothing of its identity, and that is no answer.
    if (!conditions.some(({ type }) => type === 'IdentityValid')) return false;
    const hash = provenHash(deps.store, clusterOfKey(key, exportsPrefix), object);
    const agrees = hash !== undefined && identityHash === hash;
    return agrees === isTrueCondition(conditions, 'IdentityValid');
  }

  function plan(decision: Reads, cluster: LogicalClusterName, entry: Entry): Operation[] {
    const now = timestamp(deps);
    const object = objectOf<Writable>(exports(), entry);
    if (object.metadata.deletionTimestamp !== undefined || !deps.takesContent(decision, cluster)) return [];
    const before = JSON.stringify(object);
    const operations: Operation[] = [];
    const reference = object.spec?.identity?.secretRef;
    if (reference === undefined) {
      const own = ownSecret(decision, cluster, object, now);
      operations.push(...own.operations);
      object.spec = {
        ...object.spec,
        identity: { secretRef: { namespace: identityNamespace, name: object.metadata.name } },
      };
      object.metadata.generation = (object.metadata.generation ?? 1) + 1;
      setIdentity(object, own.hash, now);
    } else setIdentity(object, provenHash(decision, cluster, object), now);
    operations.push(...slice(decision, cluster, object, now));
    if (JSON.stringify(object) !== before) operations.push(replaceOperation(deps, exports(), entry, object));
    return operations;
  }

  return {
    name: 'apiexport-identity',
    watches: [
      {
        prefix: exportsPrefix,
        // An identity is proven again by its secret at each start.
        initial: (entry) => (isSettled(entry) ? [] : [entry.key]),
        keys: ({ event }) => (event.type === 'put' ? [event.key] : []),
      },
      {
        prefix: secretsPrefix,
        // The exports that refer to the secret; exports of one workspace are few.
        keys: ({ parts }) =>
          deps.store.scan({ prefix: `${exportsPrefix}${parts.cluster}/` }, 1_000).flatMap((entry) => {
            const reference = parseStored<ApiExport>(entry.value).spec?.identity?.secretRef;
            return reference?.name === parts.name && reference.namespace === parts.namespace ? [entry.key] : [];
          }),
      },
    ],
    reconcile(key, decision) {
      const entry = decision.peek(key);
      return entry === undefined ? nothing : commit(plan(decision, clusterOfKey(key, exportsPrefix), entry));
    },
  };
}
