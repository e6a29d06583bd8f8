export { ConfigurationError } from './configuration.ts';
export type { Encryption, EncryptionDependencies } from './open-encryption.ts';
export { openEncryption } from './open-encryption.ts';
