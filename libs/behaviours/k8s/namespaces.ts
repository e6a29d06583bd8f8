/** Namespaces: complete from the commit that makes them, marked and emptied before they go, three of them protected while their workspace lives. */
import type { KubeObject } from '@kcp-ts/meta';
import { StatusError } from '@kcp-ts/meta';
import type { Behaviour } from '@kcp-ts/registry';
import type { NewOperationNeeds } from '@kcp-ts/tenancy';
import { createOperation, namespaceContent } from '@kcp-ts/tenancy';

export interface NamespacesNeeds extends NewOperationNeeds {
  readonly caBundle: string;
}

const protectedNames = new Set(['default', 'kube-system', 'kube-public']);
const nameLabel = 'kubernetes.io/metadata.name';

interface Namespace extends KubeObject {
  spec?: { finalizers?: string[] };
  status?: { phase?: string };
}

export function createNamespacesBehaviour(needs: NamespacesNeeds): Behaviour {
  return {
    deletesLater: true,
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
    prepareDelete(object) {
      (object as Namespace).status = { ...(object as Namespace).status, phase: 'Terminating' };
      delete object.metadata.deletionGracePeriodSeconds;
    },
    admitDelete(object, context) {
      if (!protectedNames.has(object.metadata.name)) return;
      throw StatusError.forbidden(context.served.row, object.metadata.name, 'this namespace may not be deleted');
    },
    accompanyCreate(object, { cluster, timestamp }) {
      return namespaceContent(object.metadata.name, needs.caBundle).map((created) => createOperation(needs, cluster, timestamp, created));
    },
  };
}
