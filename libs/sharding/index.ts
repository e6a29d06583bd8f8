// Requests handed on to other servers
export type { BackendStatistics, Backends } from './backends/backends.ts';
export { answerStatus, createBackends, unavailable } from './backends/backends.ts';
export type { ScrapeAccess } from './backends/scrape-access.ts';
export { createScrapeAccess } from './backends/scrape-access.ts';
// The cache: what is replicated of all shards, and the replica of their feeds
export { cacheStoreFolders, openCacheStores } from './cache/cache-stores.ts';
export { cacheView, parseCachePath } from './cache/cache-view.ts';
export { cachedSurface } from './cache/cached-kinds.ts';
export { createCachedObjects } from './cache/cached-objects.ts';
export { feedReplica, feedReplicaHandler, feedReplicaService, replicatedShards } from './cache/feed-replica.ts';
export { createOrderedWriter } from './cache/ordered-writer.ts';
// Clocks of other shards
export { createClockMonitor } from './clocks/clock-monitor.ts';
export { clockService } from './clocks/peer-clocks.ts';
// Feeds: what a shard tells the others
export type { EntryView } from './feed/entry-view.ts';
export { createEntryView, joinFeedHandlers } from './feed/entry-view.ts';
export type { FeedEntry, FeedHandler, FeedShard, Project } from './feed/feed.ts';
export { createFeedConsumer } from './feed/feed-consumer.ts';
export type { FeedConsumer } from './feed/feed-consumer-interface.ts';
export { createFeedProjection } from './feed/feed-contents.ts';
export { createFeedPublisher } from './feed/feed-publisher.ts';
export { feedSeries } from './feed/feed-series.ts';
export { feedHandlers } from './feed/feed-service.ts';
// The front-proxy
export { createFrontProxyHandler } from './front-proxy/front-proxy-handler.ts';
export type { Mapping } from './front-proxy/mapping.ts';
export { followMappings } from './front-proxy/mapping.ts';
export type { Route, RouterDirectory } from './front-proxy/router.ts';
export { createRouter } from './front-proxy/router.ts';
// Where a workspace is
export type { Backend, Confirming, Directory } from './locator/directory.ts';
export { openDirectory } from './locator/directory.ts';
export type { PathIndex } from './locator/path-index.ts';
export { createPathIndex, pathIndexHandler } from './locator/path-index.ts';
export { isWorkspaceKey, projectionOf } from './locator/projections.ts';
export { sharedConfirm } from './locator/shared-confirm.ts';
// Which shards and services there are
export type { Connections, InstallationConfig, PeerTls } from './membership/connections.ts';
export { followPeerTls, listMemberShards, openConnections } from './membership/connections.ts';
export type { InProcessRegistry } from './membership/in-process-membership.ts';
export { createInProcessRegistry } from './membership/in-process-membership.ts';
export type {
  Membership,
  MembershipState,
  ServiceKind,
  ShardAddress,
  ShardRecord,
  ShardsView,
} from './membership/membership.ts';
export { admitFeedConsumers, createServiceClient } from './membership/service-callers.ts';
export { keepShardObjects } from './membership/shard-objects.ts';
// One stream and one list of several shards
export { createExclusions } from './merge/exclusions.ts';
export { createFramedWatch } from './merge/framed-watch.ts';
export type { WatchFrame } from './merge/frames.ts';
export { encodeWatchFrame, framedAcceptHeader, framedWatchType, watchedKindHeader } from './merge/frames.ts';
export { consistentListRevision } from './merge/list-revision.ts';
export type { MergeDelays } from './merge/merge-delays.ts';
export { createMergeDelays } from './merge/merge-delays.ts';
export type { MergedHandler, MergedWatch } from './merge/merged-watch.ts';
export { createMergedWatch } from './merge/merged-watch.ts';
export { createProgressRequester } from './merge/progress-requester.ts';
export type { Position } from './merge/resume.ts';
export type { ShardProgress } from './merge/shard-progress.ts';
export { silentMsMax } from './merge/shard-progress.ts';
export type { MergedEvent } from './merge/shard-stream.ts';
export type { UpstreamWatch, UpstreamWatchHandlers } from './merge/upstream-watch.ts';
// What a shard knows of the others, and they ask of each other
export { changesOfAllShards, clustersOfAllShards, objectsOfAllShards } from './other-shards/all-shards.ts';
export { createOtherShardsView } from './other-shards/join-installation.ts';
export type { OtherShards } from './other-shards/other-shards.ts';
export { ownershipOf, workspacesOfOtherShards } from './other-shards/owned-clusters.ts';
export type { ShardReport } from './other-shards/shard-report.ts';
export { shardReportChecks, shardReportSeries, wrongClock } from './other-shards/shard-report.ts';
export type { ClusterRequests } from './requests/cluster-requests.ts';
export { createClusterRequests } from './requests/cluster-requests.ts';
// A shard's data, and its ownership
export { openShardData } from './shard-data/open-shard-data.ts';
export type { OwnedData, ServedShard } from './shard-data/owned-data.ts';
export type { ShardUrls } from './shard-data/shard-urls.ts';
export { shardUrlsOf } from './shard-data/shard-urls.ts';
// The virtual workspaces over all shards
export type { CallerDependencies } from './virtual-workspaces/caller.ts';
export type { ShardConnections, ShardsMembership } from './virtual-workspaces/shard-connections.ts';
export { createShardConnections } from './virtual-workspaces/shard-connections.ts';
export { createShardLabels } from './virtual-workspaces/shard-labels.ts';
export type { UpstreamWatches } from './virtual-workspaces/upstream-watches.ts';
export { createUpstreamWatches } from './virtual-workspaces/upstream-watches.ts';
export type { VirtualWorkspacesHandler } from './virtual-workspaces/virtual-workspaces-handler.ts';
export { createVirtualWorkspacesHandler } from './virtual-workspaces/virtual-workspaces-handler.ts';
