export type { BuildInfo } from './build-info.ts';
export { checkInstallation } from './check.ts';
export { addressOf, advertisedHostOf, localHostOf } from './own-address.ts';
// root-directory
export { startInRootDirectory } from './root-directory/open-root-directory.ts';
export type { ServiceLoad } from './service-load.ts';
export { createServiceLoad } from './service-load.ts';
export { versionInfo } from './version.ts';
