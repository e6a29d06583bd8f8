// The register
export type { EtcdRegisterOptions } from './register/etcd-register.ts';
export { openEtcdRegister } from './register/etcd-register.ts';
export type { InProcessRegistry } from './register/in-process-register.ts';
export { createInProcessRegistry } from './register/in-process-register.ts';
export type {
  Register,
  RegisterState,
  ServiceKind,
  ServiceRecord,
  ShardAddress,
  ShardRecord,
} from './register/register.ts';
