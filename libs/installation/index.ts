// Other servers
export type { BackendStatistics, Backends, BackendsOptions, BackendTls } from './backends.ts';
export { answerStatus, createBackends, unavailable } from './backends.ts';
// The installation
export { checkInstallation } from './check.ts';
export type { Circuit } from './circuit.ts';
export { createCircuit } from './circuit.ts';
export type { ConnectionNeeds, Connections, InstallationConfig, PeerTls } from './connections.ts';
export { etcdOptionsOf, openConnections } from './connections.ts';
export type { Backend, Confirming, Directory, DirectoryNeeds } from './directory.ts';
export { confirmPlacement, openDirectory } from './directory.ts';
export { forwardedHeaders } from './forwarded-headers.ts';
export { createLogger, levelOf } from './logging.ts';
export type { Series } from './metrics-page.ts';
export { createMetricsPage } from './metrics-page.ts';
export { addressOf, advertisedHostOf, localHostOf } from './own-address.ts';
export type { ShardClockNeeds } from './peer-clocks.ts';
export { clockService, guardClock } from './peer-clocks.ts';
export { startInRootDirectory } from './root-directory/open-root-directory.ts';
export { admitServices, serviceOfPeer } from './service-callers.ts';
export type { ServiceLoad, ServiceLoadOptions } from './service-load.ts';
export { createServiceLoad } from './service-load.ts';
export { sharedConfirm } from './shared-confirm.ts';
export { versionInfo } from './version.ts';
