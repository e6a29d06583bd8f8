/**
 * Namespaces: complete from the commit that makes them, emptied before they go, three of
 * them protected while their workspace is not being deleted.
 */
import type { ClusterName, FieldError, KubeObject } from '@kcp-ts/api';
import { invalidValue, StatusError, validateQualifiedName } from '@kcp-ts/api';
import type { Strategy } from '@kcp-ts/registry';
import type { Checking } from '@kcp-ts/schema';
import { checkInSlices } from '@kcp-ts/schema';
import type { NewObject, NewOperationDependencies } from '@kcp-ts/tenancy';
import { createOperation, namespaceContent } from '@kcp-ts/tenancy';

export interface NamespacesDependencies extends NewOperationDependencies {
  readonly caBundle: string;
  /** Puts the labels on a new object by which claims find it. */
  label(cluster: ClusterName, created: NewObject): void;
  /** Whether the whole logical cluster is going away: then nothing in it is protected. */
  clusterDeleting(cluster: ClusterName): boolean;
}

const protectedNames = new Set(['default', 'kube-system', 'kube-public']);
const standardFinalizers = new Set(['kubernetes', 'orphan']);
const nameLabel = 'kubernetes.io/metadata.name';

interface Namespace extends KubeObject {
  spec?: { finalizers?: string[] };
  status?: { phase?: string };
}

function* checkFinalizers({ spec }: Namespace): Checking<FieldError[]> {
  const errors: FieldError[] = [];
  for (const finalizer of spec?.finalizers ?? []) {
    const problems = validateQualifiedName(finalizer);
    if (problems.length === 0 && !finalizer.includes('/') && !standardFinalizers.has(finalizer)) {
      problems.push('name is neither a standard finalizer name nor is it fully qualified');
    }
    errors.push(...problems.map((problem) => invalidValue('spec.finalizers', finalizer, problem)));
    yield;
  }
  return errors;
}

/** The phase says what the deletionTimestamp says. */
function phaseErrors({ status, metadata }: Namespace): FieldError[] {
  const deleting = metadata.deletionTimestamp !== undefined;
  const [phase, when] = deleting ? ['Terminating', 'is not empty'] : ['Active', 'is empty'];
  if (status?.phase === phase) return [];
  return [invalidValue('status.Phase', status?.phase ?? '', `may only be '${phase}' if \`deletionTimestamp\` ${when}`)];
}

export function createNamespacesStrategy(deps: NamespacesDependencies): Strategy {
  return {
    deletesLater: true,
    mayGo: (object) => ((object as Namespace).spec?.finalizers ?? []).length === 0,
    prepareCreate(object) {
      const namespace = object as Namespace;
      namespace.metadata.labels = { ...namespace.metadata.labels, [nameLabel]: namespace.metadata.name };
      namespace.spec = { finalizers: [...new Set([...(namespace.spec?.finalizers ?? []), 'kubernetes'])] };
      namespace.status = { phase: 'Active' };
    },
    prepareUpdate(object, old, { subresource }) {
      const namespace = object as Namespace;
      namespace.metadata.labels = { ...namespace.metadata.labels, [nameLabel]: namespace.metadata.name };
      // spec.finalizers belongs to the subresource `finalize` alone.
      if (subresource !== 'finalize') namespace.spec = (old as Namespace).spec ?? {};
      else if ((old as Namespace).status !== undefined) namespace.status = (old as Namespace).status ?? {};
    },
    validateCreate: (object, { slices }) => checkInSlices(checkFinalizers(object as Namespace), slices),
    validateUpdate(object, _old, { subresource, slices }) {
      if (subresource === 'status') return phaseErrors(object as Namespace);
      return subresource === 'finalize' ? checkInSlices(checkFinalizers(object as Namespace), slices) : [];
    },
    prepareDelete(object) {
      (object as Namespace).status = { ...(object as Namespace).status, phase: 'Terminating' };
      delete object.metadata.deletionGracePeriodSeconds;
    },
    admitDelete(object, context) {
      if (!protectedNames.has(object.metadata.name) || deps.clusterDeleting(context.cluster)) return;
      throw StatusError.forbidden(context.served.definition, object.metadata.name, 'this namespace may not be deleted');
    },
    accompanyCreate(object, { cluster, timestamp }) {
      return namespaceContent(object.metadata.name, deps.caBundle).map((created) => {
        deps.label(cluster, created);
        return createOperation(deps, cluster, timestamp, created);
      });
    },
  };
}
