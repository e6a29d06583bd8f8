/** Messages and services, made from the definitions in proto/ by `make generate`. */
export { ClockService } from './gen/clock/v1/clock_pb.ts';
export { Event_EventType as EtcdEventType } from './gen/etcd/kv_pb.ts';
export type { LeaseKeepAliveResponse, ResponseHeader, WatchResponse } from './gen/etcd/rpc_pb.ts';
export {
  Auth,
  Compare_CompareResult,
  Compare_CompareTarget,
  KV,
  Lease,
  Maintenance,
  Watch,
} from './gen/etcd/rpc_pb.ts';
export type { FeedEntry as FeedEntryMessage, FeedMessage } from './gen/feed/v1/feed_pb.ts';
export { FeedMessageSchema, FeedService } from './gen/feed/v1/feed_pb.ts';
export type { EncryptedObject } from './gen/kms/kms_pb.ts';
export { EncryptedDekSourceType, EncryptedObjectSchema, KeyManagementService } from './gen/kms/kms_pb.ts';
export type { ClusterState } from './gen/shard/v1/shard_pb.ts';
export { ShardService } from './gen/shard/v1/shard_pb.ts';
