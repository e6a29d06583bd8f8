export { checkInstallation } from './check.ts';
export type { ConnectionNeeds, Connections, InstallationConfig, PeerTls } from './connections.ts';
export { etcdOptionsOf, openConnections } from './connections.ts';
export type { Backend, Directory, DirectoryNeeds } from './directory.ts';
export { openDirectory } from './directory.ts';
export { createLogger, levelOf } from './logging.ts';
export { admitServices, serviceOfPeer } from './service-callers.ts';
export { versionInfo } from './version.ts';
