/**
 * The APIExport virtual workspace: a provider's view of everybody who binds its export, in one consumer's workspace or in all of them at once. It is a
 * scope like any other, so every verb, view and patch works as it does in a workspace. Access ⇔ `apiexports/content` in the provider's workspace ∧
 * bound ∧ (own API ∨ accepted claim ∧ verb ∧ selector).
 */
import type { ApiPath, Scope } from '@kcp-ts/apiserver';
import type { ClusterName, KubeObject, UserInfo } from '@kcp-ts/meta';
import { StatusError } from '@kcp-ts/meta';
import type { ObjectGuard, ServedResource, Surface } from '@kcp-ts/registry';
import { clusterAnnotation } from '@kcp-ts/registry';
import type { ApiExport, ClaimTables, ExportClaim, TableClaim } from '@kcp-ts/sharing';
import { allowsVerb, claimLabel, exportHash, grants, isClaimOn, reflexiveClaimHash } from '@kcp-ts/sharing';
import type { Range } from '@kcp-ts/storage';

export interface ExportScopeNeeds {
  readonly claims: ClaimTables;
  /** Clusters that are bound to an export, by its hash. */
  consumers(exportHash: string): ReadonlySet<string>;
  /** Whether a user has a verb on `apiexports/content` of the export. */
  mayAccessContent(user: UserInfo, verb: string, exportCluster: string, exportName: string): boolean;
  /** Whether the export that owns a claimed resource lets this provider do something with it (its maximal permission policy). */
  ownerAllows(user: UserInfo, verb: string, api: ApiPath, served: ServedResource): boolean;
  forbidden(user: UserInfo, verb: string, cluster: string, api: ApiPath): StatusError;
  forbiddenPath(user: UserInfo, path: string, verb: string): StatusError;
}

export interface ExportTarget {
  readonly exportCluster: ClusterName;
  readonly exportName: string;
  readonly source: ApiExport | undefined;
  readonly cluster: ClusterName | '*';
  readonly surface: Surface;
}

type Kind =
  | { readonly kind: 'exported' }
  | { readonly kind: 'claimed'; readonly claim: ExportClaim }
  /** The bindings to this very export, read-only. */
  | { readonly kind: 'bindings' };

function isMaster(user: UserInfo | undefined): boolean {
  return user?.groups.includes('system:masters') === true;
}

const contentVerbs = ['get', 'list', 'watch', 'create', 'update', 'patch', 'delete', 'deletecollection'];
const readVerbs = ['get', 'list', 'watch'];

function isExported(served: ServedResource, target: ExportTarget): boolean {
  const { row } = served;
  return (
    served.origin.kind === 'bound' &&
    (target.source?.spec?.resources ?? []).some(({ name, group }) => name === row.plural && group === row.group)
  );
}

function kindOf(served: ServedResource, target: ExportTarget): Kind {
  if (isExported(served, target)) return { kind: 'exported' };
  const { group, plural } = served.row;
  const claim = (target.source?.spec?.permissionClaims ?? []).find((candidate) =>
    isClaimOn(candidate, group, plural, served.identity),
  );
  return claim === undefined ? { kind: 'bindings' } : { kind: 'claimed', claim };
}

/** Completes an object by the labels a claim selects by, and refuses one that it does not select (promise 26). */
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
        served.row,
        object.metadata.name,
        `protected label ${JSON.stringify(key)} must have value ${JSON.stringify(value)}`,
      );
    labels[key] = value;
  }
  if (Object.keys(labels).length > 0) object.metadata.labels = labels;
  if (!grants(claim, object) || (old !== undefined && !grants(claim, old))) {
    throw StatusError.forbidden(served.row, object.metadata.name, 'object does not match required labels');
  }
}

export function createExportScope(needs: ExportScopeNeeds, target: ExportTarget): Scope {
  const { exportCluster, exportName, cluster, surface } = target;
  const hash = exportHash(exportCluster, exportName);
  const label = claimLabel(exportCluster, exportName);

  function applied(consumer: string, served: ServedResource): TableClaim | undefined {
    return needs.claims
      .of(consumer)
      .find((claim) => claim.label === label && isClaimOn(claim, served.row.group, served.row.plural, served.identity));
  }

  /** Both sides of a claim must allow a verb. */
  function claimAllows(consumer: string, served: ServedResource, claim: ExportClaim, verb: string): boolean {
    const granted = applied(consumer, served);
    return granted !== undefined && allowsVerb(claim.verbs, verb) && allowsVerb(granted.verbs, verb);
  }

  function clusters(served: ServedResource, kind: Kind): readonly string[] {
    const consumers = cluster === '*' ? [...needs.consumers(hash)].sort() : [cluster];
    return kind.kind === 'claimed'
      ? consumers.filter((consumer) => applied(consumer, served) !== undefined)
      : consumers;
  }

  function allowed(user: UserInfo, api: ApiPath, verb: string): boolean {
    // As in kcp, bindings and claims do not hold system:masters; what a claim does not select is still not shown.
    if (isMaster(user)) return true;
    if (!needs.mayAccessContent(user, verb, exportCluster, exportName)) return false;
    const served = surface.find(api.group, api.version, api.resource);
    // What is not served is a 404 for whoever may look.
    if (served === undefined) return true;
    const kind = kindOf(served, target);
    if (kind.kind === 'claimed' && !needs.ownerAllows(user, verb, api, served)) return false;
    if (cluster === '*') return kind.kind !== 'claimed' || allowsVerb(kind.claim.verbs, verb);
    if (!needs.consumers(hash).has(cluster)) return false;
    switch (kind.kind) {
      case 'exported':
        return true;
      case 'bindings':
        return readVerbs.includes(verb);
      case 'claimed':
        // A rejected claim shows nothing, as an empty list does; anything else is refused.
        return (
          claimAllows(cluster, served, kind.claim, verb) ||
          (verb === 'list' && allowsVerb(kind.claim.verbs, verb) && applied(cluster, served) === undefined)
        );
    }
  }

  function inNamespace(object: KubeObject, namespace: string): boolean {
    return namespace === '' || object.metadata.namespace === namespace;
  }

  function shows(served: ServedResource, kind: Kind, object: KubeObject): boolean {
    const { labels, annotations } = object.metadata;
    switch (kind.kind) {
      case 'exported':
        return true;
      case 'bindings':
        return labels?.[label] === reflexiveClaimHash;
      case 'claimed': {
        const granted =
          labels?.[label] === undefined ? undefined : applied(annotations?.[clusterAnnotation] ?? '', served);
        return granted !== undefined && labels?.[label] === granted.hash;
      }
    }
  }

  return {
    cluster,
    surface,
    find: (api) => (api.identity === undefined ? surface.find(api.group, api.version, api.resource) : undefined),
    ranges(served, namespace): readonly Range[] {
      const kind = kindOf(served, target);
      const below = namespace === '' || !served.row.namespaced ? '' : `${namespace}/`;
      if (cluster === '*' && kind.kind === 'exported' && below === '') return [{ prefix: served.prefix }];
      return clusters(served, kind).map((consumer) => ({ prefix: `${served.prefix}${consumer}/${below}` }));
    },
    watchRange(served, namespace) {
      if (cluster === '*') return { prefix: served.prefix };
      return {
        prefix: `${served.prefix}${cluster}/${namespace === '' || !served.row.namespaced ? '' : `${namespace}/`}`,
      };
    },
    guard(served, writer): ObjectGuard | undefined {
      const kind = kindOf(served, target);
      if (kind.kind === 'exported') return undefined;
      return {
        shows: (object) => shows(served, kind, object),
        // Labels are put on what is granted, and taken off by a commit of their own: by then the grant is gone.
        showed: (object) => object.metadata.labels?.[label] !== undefined,
        admit(object, old) {
          if (kind.kind !== 'claimed') return;
          const granted = cluster === '*' ? undefined : applied(cluster, served);
          if (granted === undefined && isMaster(writer)) return;
          if (granted === undefined)
            throw StatusError.forbidden(served.row, object.metadata.name, 'the permission claim is not accepted');
          admitClaimed(granted, object, old, served);
        },
      };
    },
    watchFilter: (served, namespace) =>
      cluster === '*' && namespace !== '' && served.row.namespaced
        ? (object: KubeObject) => inNamespace(object, namespace)
        : undefined,
    authorize(user, api, verb) {
      if (!allowed(user, api, verb)) throw needs.forbidden(user, verb, cluster === '*' ? '' : cluster, api);
      if (target.source === undefined)
        throw StatusError.notFound({ group: 'apis.kcp.io', plural: 'apiexports' }, exportName);
      if (cluster === '*' && verb !== 'list' && verb !== 'watch') throw StatusError.pathNotFound();
    },
    authorizePath(user, path, verb) {
      if (!contentVerbs.some((candidate) => needs.mayAccessContent(user, candidate, exportCluster, exportName)))
        throw needs.forbiddenPath(user, path, verb);
      if (target.source === undefined)
        throw StatusError.notFound({ group: 'apis.kcp.io', plural: 'apiexports' }, exportName);
    },
  };
}
