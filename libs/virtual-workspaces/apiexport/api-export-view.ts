/**
 * The APIExport virtual workspace: a provider's view of everybody who binds its export, in one
 * consumer's workspace or in all of them at once. It is a view like any other, so every verb, media
 * type and patch works as it does in a workspace. Access ⇔ `apiexports/content` in the provider's
 * workspace ∧ bound ∧ (own API ∨ accepted claim ∧ verb ∧ selector).
 */

import type {
  ApiPath,
  ClusterName,
  KubeObject,
  LogicalClusterName,
  RequestInfo,
  Revision,
  UserInfo,
} from '@kcp-ts/api';
import { parseResourceVersion, revisionZero, StatusError } from '@kcp-ts/api';
import type { KeyFilter, StorageView, View } from '@kcp-ts/apiserver';
import type { Turns } from '@kcp-ts/base';
import type { ApiSurface, ObjectFilter, ServedResource } from '@kcp-ts/registry';
import { clusterAnnotation } from '@kcp-ts/registry';
import type { ApiExport, ClaimTables, ExportClaim, TableClaim } from '@kcp-ts/sharing';
import {
  allowsVerb,
  boundName,
  claimLabel,
  clusterOfKey,
  exportHash,
  grants,
  isClaimOn,
  reflexiveClaimHash,
} from '@kcp-ts/sharing';
import type { Range } from '@kcp-ts/storage';
import type { ClaimedGrounds, ExportSurface, Grounds } from './api-export-surface.ts';

export interface ExportViewDependencies {
  readonly claims: ClaimTables;
  /**
   * Clusters that are bound to an export, by its hash, each with what it has bound of it (as
   * `boundName` writes it).
   */
  consumers(exportHash: string): ReadonlyMap<string, ReadonlySet<string>>;
  /** Whether a cluster had bound a resource of an export at a revision; `unknown` too long ago. */
  wasBound(exportHash: string, cluster: LogicalClusterName, name: string, at: Revision): boolean | 'unknown';
  /** Whether a user has a verb on `apiexports/content` of the export. */
  mayAccessContent(user: UserInfo, verb: string, exportCluster: LogicalClusterName, exportName: string): boolean;
  /**
   * Whether a claimed resource lets this provider do something with it: the maximal permission
   * policy of the export that owns it, and what is the system's alone.
   */
  ownerAllows(user: UserInfo, verb: string, api: ApiPath, served: ServedResource): boolean;
  /** Kubernetes' text for a request that is forbidden. */
  forbidden(user: UserInfo, cluster: LogicalClusterName, info: RequestInfo): StatusError;
  /**
   * Makes ready what `mayAccessContent` asks of the export's cluster, and `ownerAllows` of those
   * that own a claimed resource; undefined where it is.
   */
  prepareAccess(
    exportCluster: LogicalClusterName,
    claimed: ServedResource | undefined,
    turns: Turns,
  ): Promise<void> | undefined;
}

export interface ExportTarget {
  readonly exportCluster: ClusterName;
  readonly exportName: string;
  readonly source: ApiExport | undefined;
  readonly cluster: ClusterName | '*';
  /** What the export serves; a promise where that takes long to find out. */
  exported(turns: Turns): ExportSurface | Promise<ExportSurface>;
}

function isMaster(user: UserInfo | undefined): boolean {
  return user?.groups.includes('system:masters') === true;
}

const contentVerbs = ['get', 'list', 'watch', 'create', 'update', 'patch', 'delete', 'deletecollection'];
const readVerbs = ['get', 'list', 'watch'];
/** A claim is about objects, not about what else a resource can do (tokens, approvals). */
const claimedSubresources = ['', 'scale', 'status'];

/**
 * Completes an object by the labels a claim selects by, and refuses one that it does not select
 * (promise 26).
 */
function admitClaimed(
  claim: TableClaim,
  object: KubeObject,
  old: KubeObject | undefined,
  served: ServedResource,
): void {
  const { matchLabels = {} } = claim.selector;
  const labels: Record<string, string> = { ...object.metadata.labels };
  for (const [key, value] of Object.entries(matchLabels)) {
    const own = labels[key];
    if (own !== undefined && own !== value)
      throw StatusError.forbidden(
        served.definition,
        object.metadata.name,
        `protected label ${JSON.stringify(key)} must have value ${JSON.stringify(value)}`,
      );
    labels[key] = value;
  }
  if (Object.keys(labels).length > 0) object.metadata.labels = labels;
  if (!grants(claim, object) || (old !== undefined && !grants(claim, old))) {
    throw StatusError.forbidden(served.definition, object.metadata.name, 'object does not match required labels');
  }
}

function consumerOf({ metadata }: KubeObject): string {
  return metadata.annotations?.[clusterAnnotation] ?? '';
}

// check-allow function-length -- one view: its functions share the claims of the export
export function createExportView(deps: ExportViewDependencies, target: ExportTarget): View {
  const { exportCluster, exportName, cluster } = target;
  /** Known when the authorizer has been prepared, which comes before all questions. */
  let exported: ExportSurface | undefined;
  function known(): ExportSurface {
    if (exported === undefined) throw new Error('the view of an export was asked before it was prepared');
    return exported;
  }
  const hash = exportHash(exportCluster, exportName);
  const label = claimLabel(exportCluster, exportName);

  /** Handlers ask about what the surface serves, and nothing else. */
  function grounds(served: ServedResource): Grounds {
    const found = known().groundsOf(served);
    if (found === undefined) throw StatusError.pathNotFound();
    return found;
  }

  /** The claim that a consumer has accepted, whatever its verbs. */
  function acceptedClaim(
    consumer: string,
    { storage, identity }: ServedResource,
    claims = deps.claims.of(consumer),
  ): TableClaim | undefined {
    return claims.find(
      (claim) =>
        claim.label === label && isClaimOn(claim, storage.definition.group, storage.definition.plural, identity),
    );
  }

  function isOwnBinding({ metadata }: KubeObject): boolean {
    return metadata.labels?.[label] === reflexiveClaimHash;
  }

  function nameOf({ storage, identity }: ServedResource): string {
    return boundName(storage.definition.group, storage.definition.plural, identity);
  }

  /**
   * Whether a consumer has bound one of the export's own resources: it may lack one that conflicts
   * with another API of the workspace.
   */
  function hasBound(consumer: string, served: ServedResource): boolean {
    return deps.consumers(hash).get(consumer)?.has(nameOf(served)) === true;
  }

  /** Both sides of a claim must allow a verb. */
  function claimAllows(consumer: string, served: ServedResource, claim: ExportClaim, verb: string): boolean {
    const granted = acceptedClaim(consumer, served);
    return granted !== undefined && allowsVerb(claim.verbs, verb) && allowsVerb(granted.verbs, verb);
  }

  function allowed(user: UserInfo, api: ApiPath, verb: string): boolean {
    // As in kcp, bindings and claims do not hold system:masters; what a claim does not select is
    // still not shown.
    if (isMaster(user)) return true;
    if (!deps.mayAccessContent(user, verb, exportCluster, exportName)) return false;
    const served = known().surface.find(api.group, api.version, api.resource);
    // In a consumer's workspace what is neither exported nor claimed is nobody's to grant, as in
    // kcp; over all of them it is not there.
    if (served === undefined) return cluster === '*';
    const why = grounds(served);
    const ofOwnBindings = why.kind !== 'exported' && (why.kind === 'bindings' || why.ownBindings);
    if (ofOwnBindings && readVerbs.includes(verb)) return cluster === '*' || deps.consumers(hash).has(cluster);
    if (why.kind === 'claimed') {
      if (!claimedSubresources.includes(api.subresource)) return false;
      if (!deps.ownerAllows(user, verb, api, served)) return false;
    }
    if (cluster === '*') return why.kind !== 'claimed' || allowsVerb(why.claim.verbs, verb);
    if (!deps.consumers(hash).has(cluster)) return false;
    switch (why.kind) {
      case 'exported':
        // As below: of what the consumer has not bound there is nothing to list.
        return hasBound(cluster, served) || verb === 'list';
      case 'bindings':
        return false;
      case 'claimed':
        // A rejected claim shows nothing, as an empty list does; anything else is refused.
        return (
          claimAllows(cluster, served, why.claim, verb) ||
          (verb === 'list' && allowsVerb(why.claim.verbs, verb) && acceptedClaim(cluster, served) === undefined)
        );
    }
  }

  function inNamespace(object: KubeObject, namespace: string): boolean {
    return namespace === '' || object.metadata.namespace === namespace;
  }

  /**
   * `reading`: the verb that the request reads by, `get`, `list` or `watch`. Who does not grant
   * that shows nothing, also where the grant is narrowed while a watch is open.
   */
  // check-allow function-length -- one view: its functions share who reads and by which verb
  function storageFor(writer: UserInfo, reading: string | undefined): StorageView {
    function grantsReading({ verbs }: TableClaim): boolean {
      return reading === undefined || allowsVerb(verbs, reading);
    }

    function applied(consumer: string, served: ServedResource): TableClaim | undefined {
      const claim = acceptedClaim(consumer, served);
      return claim !== undefined && grantsReading(claim) ? claim : undefined;
    }

    /** The claim by which a consumer grants what the request does. */
    function readable(consumer: string, served: ServedResource, { verbs }: ExportClaim): TableClaim | undefined {
      return reading === undefined || allowsVerb(verbs, reading) ? applied(consumer, served) : undefined;
    }

    /**
     * Whether an object is shown by claims of its workspace. A label may be older than the grant,
     * or than what a controller has changed of the object.
     */
    function isGranted(
      served: ServedResource,
      { verbs }: ExportClaim,
      { claims, object }: { claims: readonly TableClaim[]; object: KubeObject },
    ): boolean {
      if (reading !== undefined && !allowsVerb(verbs, reading)) return false;
      const claim = acceptedClaim(consumerOf(object), served, claims);
      return (
        claim !== undefined &&
        grantsReading(claim) &&
        object.metadata.labels?.[label] === claim.hash &&
        grants(claim, object)
      );
    }

    /**
     * Whether the state of an object was shown when it was written. That does not change any more:
     * what a grant that comes or goes shows or hides is committed again. So every watch, whenever
     * it begins or goes on, says the same of each event.
     */
    function wasGranted(
      served: ServedResource,
      { claim, ownBindings }: ClaimedGrounds,
      object: KubeObject,
      listedAt?: Revision,
    ): boolean {
      if (ownBindings && isOwnBinding(object)) return true;
      if (object.metadata.labels?.[label] === undefined) return false;
      const revision = parseResourceVersion(object.metadata.resourceVersion ?? '')?.revision ?? revisionZero;
      const at = (when: Revision) =>
        isGranted(served, claim, { claims: deps.claims.asOf(consumerOf(object), when), object });
      return at(revision) && (listedAt === undefined || revision > listedAt || at(listedAt));
    }

    function clusters(served: ServedResource, why: Grounds): readonly string[] {
      const consumers = cluster === '*' ? [...deps.consumers(hash).keys()].sort() : [cluster];
      switch (why.kind) {
        case 'exported':
          return consumers.filter((consumer) => hasBound(consumer, served));
        case 'claimed':
          return why.ownBindings
            ? consumers
            : consumers.filter((consumer) => readable(consumer, served, why.claim) !== undefined);
        case 'bindings':
          return consumers;
      }
    }

    function isVisible(served: ServedResource, why: Grounds, object: KubeObject): boolean {
      const { labels } = object.metadata;
      switch (why.kind) {
        case 'exported':
          return true;
        case 'bindings':
          return isOwnBinding(object);
        case 'claimed': {
          if (why.ownBindings && isOwnBinding(object)) return true;
          if (labels?.[label] === undefined) return false;
          // What a watch goes on from is what it would have shown.
          if (reading !== undefined && !wasGranted(served, why, object)) return false;
          return isGranted(served, why.claim, { claims: deps.claims.of(consumerOf(object)), object });
        }
      }
    }

    return {
      ranges(served, namespace): readonly Range[] {
        const why = grounds(served);
        const below = namespace === '' || !served.definition.namespaced ? '' : `${namespace}/`;
        // One range with a filter by key is read much faster than a range for each consumer.
        if (cluster === '*' && why.kind === 'exported' && below === '') return [{ prefix: served.prefix }];
        return clusters(served, why).map((consumer) => ({ prefix: `${served.prefix}${consumer}/${below}` }));
      },
      keyFilter(served): KeyFilter | undefined {
        if (grounds(served).kind !== 'exported') return undefined;
        // One workspace may be read while it is bound; a watch goes on after that.
        if (cluster !== '*' && reading !== 'watch') return undefined;
        const { prefix } = served;
        const name = nameOf(served);
        return {
          includes(key, at) {
            const was = deps.wasBound(hash, clusterOfKey(key, prefix), name, at);
            // A consumer that left between that time and a restart was shown then, and a list
            // without it would be wrong.
            if (was === 'unknown')
              throw StatusError.expired('Who had bound the export then is not known any more; start again from a list');
            return was;
          },
          includesEvent: ({ key, revision }) => deps.wasBound(hash, clusterOfKey(key, prefix), name, revision),
        };
      },
      watchRange(served, namespace) {
        if (cluster === '*') return { prefix: served.prefix };
        return {
          prefix: `${served.prefix}${cluster}/${namespace === '' || !served.definition.namespaced ? '' : `${namespace}/`}`,
        };
      },
      objectFilter(served): ObjectFilter | undefined {
        const why = grounds(served);
        if (why.kind === 'exported') return undefined;
        return {
          isVisible: (object) => isVisible(served, why, object),
          ...(why.kind === 'claimed'
            ? { wasVisible: (object: KubeObject, at?: Revision) => wasGranted(served, why, object, at) }
            : {}),
          admit(object, old) {
            if (why.kind !== 'claimed') return;
            const granted = cluster === '*' ? undefined : applied(cluster, served);
            if (granted === undefined && isMaster(writer)) return;
            if (granted === undefined)
              throw StatusError.forbidden(
                served.definition,
                object.metadata.name,
                'the permission claim is not accepted',
              );
            admitClaimed(granted, object, old, served);
          },
        };
      },
      watchFilter: (served, namespace) =>
        cluster === '*' && namespace !== '' && served.definition.namespaced
          ? (object: KubeObject) => inNamespace(object, namespace)
          : undefined,
    };
  }

  function refusedExport(): StatusError | undefined {
    if (target.source !== undefined) return undefined;
    return StatusError.notFound({ group: 'apis.kcp.io', plural: 'apiexports' }, exportName);
  }

  return {
    cluster,
    impersonationCluster: exportCluster,
    storageFor: (user, verb) => storageFor(user, readVerbs.includes(verb) && !isMaster(user) ? verb : undefined),
    api: {
      get surface(): ApiSurface {
        return known().surface;
      },
      find: (api) =>
        api.identity === undefined ? known().surface.find(api.group, api.version, api.resource) : undefined,
    },
    authorizer: {
      prepare(info, turns) {
        const found = target.exported(turns);
        const prepareAccess = (surface: ExportSurface) => {
          exported = surface;
          const served =
            info.kind === 'resource' ? surface.surface.find(info.group, info.version, info.resource) : undefined;
          const isClaimed = served !== undefined && surface.groundsOf(served)?.kind === 'claimed';
          return deps.prepareAccess(exportCluster, isClaimed ? served : undefined, turns);
        };
        return found instanceof Promise ? found.then(prepareAccess) : prepareAccess(found);
      },
      authorize(user, info) {
        if (info.kind === 'non-resource') {
          if (!contentVerbs.some((candidate) => deps.mayAccessContent(user, candidate, exportCluster, exportName)))
            return deps.forbidden(user, '', info);
          return refusedExport();
        }
        const { verb = '' } = info;
        if (!allowed(user, info, verb)) return deps.forbidden(user, cluster === '*' ? '' : cluster, info);
        const missing = refusedExport();
        if (missing !== undefined) return missing;
        const reads = verb === 'list' || verb === 'watch';
        return cluster === '*' && !reads ? StatusError.pathNotFound() : undefined;
      },
    },
  };
}
