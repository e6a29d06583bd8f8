export type { CallOptions, Duplex, RpcCalls, RpcClient, RpcClientOptions } from './client.ts';
export { createRpcClient } from './client.ts';
export type { DeferredService } from './deferred-service.ts';
export { deferredService } from './deferred-service.ts';
export type { RpcTls } from './options.ts';
export type { RpcCode } from './rpc-error.ts';
export { RpcError } from './rpc-error.ts';
export type { RpcCall, RpcHandlers, RpcServer, RpcServerOptions, RpcService } from './server.ts';
export { serviceOf, startRpcServer } from './server.ts';
