// Clocks
export type { ClockGuard, ClockGuardOptions, PeerClock } from './clocks/clock-guard.ts';
export { createClockGuard } from './clocks/clock-guard.ts';
// Feeds
export type { EntryView, EntryViewOptions } from './feed/entry-view.ts';
export { createEntryView, joinSinks } from './feed/entry-view.ts';
export type { FeedEntry, FeedShard, FeedSink, FeedSnapshot, Project, Projected } from './feed/feed.ts';
export { createFeedFollower } from './feed/feed-follower.ts';
export type { FeedPublisher, FeedPublisherOptions } from './feed/feed-publisher.ts';
export { createFeedPublisher } from './feed/feed-publisher.ts';
export type { FeedServiceOptions } from './feed/feed-service.ts';
export { feedHandlers, feedService } from './feed/feed-service.ts';
export type { FeedFollower, FeedFollowerOptions, FollowedShard } from './feed/follow.ts';
export type { ProgressAsker, ProgressAskerNeeds, SaidProgress } from './feed/progress-asker.ts';
export { createProgressAsker } from './feed/progress-asker.ts';
// The register
export type { EtcdRegisterOptions } from './register/etcd-register.ts';
export { openEtcdRegister } from './register/etcd-register.ts';
export type { InProcessRegistry } from './register/in-process-register.ts';
export { createInProcessRegistry } from './register/in-process-register.ts';
export type {
  Absence,
  Register,
  RegisterState,
  ServiceKind,
  ServiceRecord,
  ShardAddress,
  ShardRecord,
} from './register/register.ts';
export { cacheServersOf } from './register/register.ts';
