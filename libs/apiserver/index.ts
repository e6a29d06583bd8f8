// The server

export type { ApiRequest, ReceivedRequest, Target } from './api-request.ts';
export { awaitRevision } from './await-revision.ts';
export { createCacheLists } from './cache-lists.ts';
export type { ApiServer } from './chain.ts';
export { createApiServer, createStandbyServer } from './chain.ts';
// Answers
export { respondJson, respondText } from './encode/respond.ts';
export type { RequestLog } from './filters/log-requests.ts';
export type { HealthCheck } from './handlers/health.ts';
export { healthReport } from './handlers/health.ts';

// Options of requests
export type { ListOptions } from './options/list-options.ts';
export { oldestRevision, parseListOptions } from './options/list-options.ts';
export { createPresentation } from './presentation.ts';
export type { Progress } from './progress.ts';
export { createProgress } from './progress.ts';
// Bodies in protobuf

export { isTrue, parseQuery } from './query.ts';
export type { RequestMetrics } from './request-metrics.ts';
export { createRequestMetrics } from './request-metrics.ts';
// Targets
export { parseApiPath, splitCluster } from './request-path.ts';
export type { SpecialCall, SpecialHandler } from './server-dependencies.ts';
// What is not plain storage
export { createScaleHandler } from './subresources/scale.ts';
export type { KeyFilter, RequestAuthorizer, ServedApi, StorageView, View } from './view.ts';
