/** The admission plugins of a shard, in the order in which they are asked. */

import type { AdmissionPlugin } from '@kcp-ts/admission';
import {
  createLifecycle,
  createPermissionClaims,
  createReferencesPlugins,
  createReplication,
  createServerOwnedMetadata,
} from '@kcp-ts/admission';
import { createReplicateMarks } from '@kcp-ts/controllers';
import { storedLogicalClusterKey } from '@kcp-ts/tenancy';
import type { Access } from './access.ts';
import type { Core } from './core.ts';
import { createReferences } from './references.ts';
import type { Tenancy } from './strategies.ts';

export function admissionPlugins(core: Core, tenancy: Tenancy, access: Access): readonly AdmissionPlugin[] {
  const { store, claims, peers, turns, decide } = core;
  const { mark } = createReplicateMarks({ typesPrefix: () => core.ownPrefix('tenancy.kcp.io', 'workspacetypes') });
  return [
    createServerOwnedMetadata(),
    ...createReferencesPlugins({
      types: tenancy.types,
      resolve: tenancy.resolve,
      rights: createReferences(core, access, tenancy),
      turns,
      prepareClusters: access.prepareClusters,
      catchUp: peers === undefined ? undefined : () => peers.catchUp(),
    }),
    createLifecycle({ store, logicalClusterKey: storedLogicalClusterKey, originKey: core.catalog.originKey }),
    createPermissionClaims({ store, claims }),
    ...(peers === undefined ? [] : [createReplication({ decide, mark })]),
  ];
}
