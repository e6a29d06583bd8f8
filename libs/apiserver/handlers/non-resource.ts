/** What is no resource: health and version, the issuer's documents, discovery and OpenAPI. */
import type { NonResourceRequestInfo } from '@kcp-ts/api';
import { StatusError } from '@kcp-ts/api';
import type { ApiRequest } from '../api-request.ts';
import { answerHeaders, respondJson } from '../encode/respond.ts';
import type { ServerDependencies } from '../server-dependencies.ts';
import type { View } from '../view.ts';
import { handleDocuments } from './documents.ts';
import type { HealthCheck } from './health.ts';
import { handleHealth, healthEndpoint } from './health.ts';

export interface VersionInfo {
  readonly major: string;
  readonly minor: string;
  /** Which version's behaviour this is, and the oldest it may be mixed with (KEP-4330). */
  readonly emulationMajor: string;
  readonly emulationMinor: string;
  readonly minCompatibilityMajor: string;
  readonly minCompatibilityMinor: string;
  readonly gitVersion: string;
  readonly gitCommit: string;
  readonly gitTreeState: string;
  readonly buildDate: string;
  readonly goVersion: string;
  readonly compiler: string;
  readonly platform: string;
}

/** A document that clients may keep. */
export interface PublicDocument {
  readonly contentType: string;
  readonly body: string;
}

export interface NonResourceOptions {
  readonly deps: Pick<ServerDependencies, 'turns' | 'presentation'>;
  readonly checks: readonly HealthCheck[];
  readonly version: VersionInfo;
  /** What says how to verify the tokens that are issued here, by path. */
  issuer?(path: string): PublicDocument | undefined;
}

/** For as long as kube-apiserver says. */
const publicSeconds = 3_600;

function respondPublic(request: ApiRequest, { contentType, body }: PublicDocument): void {
  const headers = { ...answerHeaders(request, contentType), 'cache-control': `public, max-age=${publicSeconds}` };
  request.exchange.respond(200, headers, body);
}

/** Handles a request that has been authorized. Throws NotFound and MethodNotAllowed. */
export function handleNonResource(
  { deps, checks, version, issuer }: NonResourceOptions,
  request: ApiRequest,
  view: View,
  info: NonResourceRequestInfo,
): void | Promise<void> {
  if (healthEndpoint(info.path) !== undefined) return handleHealth(request, info.path, checks);
  const path = info.path.length > 1 && info.path.endsWith('/') ? info.path.slice(0, -1) : info.path;
  if (path === '/version') return respondJson(request, 200, version);
  if (request.method !== 'GET' && request.method !== 'HEAD') throw StatusError.methodNotAllowed();
  const own = issuer?.(path);
  if (own !== undefined) return respondPublic(request, own);
  return handleDocuments(deps.turns, request, path, deps.presentation.of(view.api.surface));
}
