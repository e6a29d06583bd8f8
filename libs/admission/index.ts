export { createAdmissionChain } from './chain.ts';
export type { AdmissionPlugin } from './plugin.ts';
// Plugins
export { createLifecycle } from './plugins/lifecycle.ts';
export { createPermissionClaims } from './plugins/permission-claims.ts';
export { createReferencesPlugins } from './plugins/references.ts';
export { createReplication } from './plugins/replication.ts';
export { createServerOwnedMetadata, serverOwnedMetadata } from './plugins/server-owned-metadata.ts';
export { createReferenceRights } from './reference-rights.ts';
