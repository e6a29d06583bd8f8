/** PEM texts. With `cert` and `key` both ends show who they are. */
export interface RpcTls {
  readonly ca: string;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
}

/**
 * What both ends of a connection are set to: a peer that has died is noticed within some seconds,
 * one that is back within half a second, and messages may be as large as an etcd transaction.
 */
export const channelOptions = {
  'grpc.keepalive_time_ms': 5_000,
  'grpc.keepalive_timeout_ms': 3_000,
  'grpc.keepalive_permit_without_calls': 1,
  'grpc.max_receive_message_length': 64 * 1024 * 1024,
  'grpc.max_send_message_length': 64 * 1024 * 1024,
  'grpc.initial_reconnect_backoff_ms': 100,
  'grpc.min_reconnect_backoff_ms': 100,
  'grpc.max_reconnect_backoff_ms': 500,
};

/**
 * What a server takes of a caller, who may be a service that has gone astray: a request is a
 * question, or an order for a workspace with the groups of who made it, and is held until all of it
 * is there; and so many calls are open at once on a connection, where further ones wait at the
 * caller.
 */
export const serverOptions = {
  ...channelOptions,
  'grpc.max_receive_message_length': 1024 * 1024,
  'grpc.max_concurrent_streams': 250,
};
