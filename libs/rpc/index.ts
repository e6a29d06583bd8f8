export type { CallOptions, Duplex, RpcCalls, RpcClient } from './client.ts';
export { createRpcClient } from './client.ts';
export type { DeferredService } from './deferred-service.ts';
export { deferredService } from './deferred-service.ts';
export type { RpcTls } from './options.ts';
export { RpcError } from './rpc-error.ts';
export type { RpcCall, RpcHandlers, RpcService } from './server.ts';
export { serviceOf, startRpcServer } from './server.ts';
