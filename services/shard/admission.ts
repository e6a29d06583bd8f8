/** The admission plugins of a shard, in the order in which they are asked. */
import type { AdmissionPlugin } from '@kcp-ts/admission';
import {
  createLifecycle,
  createPermissionClaims,
  createReferencesPlugins,
  createReplication,
  createServerOwnedMetadata,
} from '@kcp-ts/admission';
import { createReplicateAnnotator } from '@kcp-ts/controllers';
import { storedLogicalClusterKey } from '@kcp-ts/tenancy';
import type { ShardParts } from './parts.ts';

export function admissionPlugins(parts: ShardParts): readonly AdmissionPlugin[] {
  const { access, claims, decide, otherShards, rights, store, tenancy, turns } = parts;
  const { annotate } = createReplicateAnnotator(parts);
  return [
    createServerOwnedMetadata(),
    ...createReferencesPlugins({
      types: tenancy.types,
      resolve: tenancy.resolve,
      rights,
      turns,
      prepareClusters: access.prepareClusters,
      catchUp: otherShards?.catchUp,
    }),
    createLifecycle({ store, logicalClusterKey: storedLogicalClusterKey }),
    createPermissionClaims({ store, claims }),
    ...(otherShards === undefined ? [] : [createReplication({ decide, annotate })]),
  ];
}
