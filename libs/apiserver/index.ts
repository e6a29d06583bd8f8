// The server

export type { ApiRequest } from './api-request.ts';
export type { ApiServerOptions, PublicDocument, Route, StandbyServerOptions, VersionInfo } from './api-server.ts';
export { createApiServer, createStandbyServer } from './api-server.ts';
export { awaitRevision } from './await-revision.ts';
export type { Bookmarks } from './bookmarks.ts';
export { createBookmarks } from './bookmarks.ts';

// Answers
export { respondJson, respondText } from './encode/respond.ts';
export type { HealthCheck } from './handlers/health.ts';

// Options of requests
export type { ListOptions } from './options/list-options.ts';
export { oldestRevision, parseListOptions } from './options/list-options.ts';
export type { Progress } from './progress.ts';
export { createProgress } from './progress.ts';
// Bodies in protobuf

export { isTrue, parseQuery } from './query.ts';
// Targets
export type { ApiPath, RequestPath } from './request-path.ts';
export { parseRequestPath, splitCluster } from './request-path.ts';
export type { KeyFilter, Scope } from './scope.ts';
export type {
  ApiSurfaceDocuments,
  ServerDependencies,
  SpecialAnswer,
  SpecialCall,
  SpecialHandler,
} from './server-dependencies.ts';

// What is not plain storage
export type { ReviewDependencies } from './special/reviews.ts';
export { createReviewHandlers } from './special/reviews.ts';
export { createScaleHandler } from './special/scale.ts';
export { createTokenRequestHandler } from './special/token-request.ts';
