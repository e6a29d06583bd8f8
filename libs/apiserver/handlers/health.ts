/**
 * `/livez`, `/readyz`, `/healthz`, their `?verbose` form and single checks, as kube-apiserver words
 * them. Cheap: a check looks at a flag.
 */

import { StatusError } from '@kcp-ts/api';
import type { ReceivedRequest } from '../api-request.ts';
import { respondText } from '../encode/respond.ts';

export interface HealthCheck {
  readonly name: string;
  /** Undefined where all is well; otherwise why not, for the log and for `?verbose`. */
  check(): string | undefined;
  /** What `?verbose` says where all is well, beside that it is; for everybody to read. */
  detail?(): string;
  /** Whether everybody may read why, not only the log. */
  readonly showsReason?: boolean;
  /** Also a reason to be restarted, not only to be left out of service. */
  readonly live: boolean;
}

const endpoints = ['livez', 'readyz', 'healthz'] as const;

/** The endpoint and the single check that a path names, or undefined for other paths. */
export function healthEndpoint(
  path: string,
): { readonly endpoint: string; readonly single: string | undefined } | undefined {
  // Every request passes here: most are known by their first letters.
  const endpoint = endpoints.find((each) => path.startsWith(each, 1) && path.startsWith('/'));
  if (endpoint === undefined) return undefined;
  const end = endpoint.length + 1;
  if (path.length === end) return { endpoint, single: undefined };
  return path[end] === '/' ? { endpoint, single: path.slice(end + 1) } : undefined;
}

export interface HealthReport {
  readonly status: 200 | 500;
  readonly text: string;
}

/**
 * What a health endpoint answers. Undefined for other paths; throws StatusError NotFound for a
 * check that there is not.
 */
export function healthReport(
  path: string,
  query: Pick<ReceivedRequest['query'], 'all' | 'has'>,
  checks: readonly HealthCheck[],
): HealthReport | undefined {
  const found = healthEndpoint(path);
  if (found === undefined) return undefined;
  const { endpoint, single } = found;
  const excluded = new Set(query.all('exclude'));
  const asked = checks.filter(
    (check) =>
      (endpoint !== 'livez' || check.live) &&
      !excluded.has(check.name) &&
      (single === undefined || check.name === single),
  );
  if (single !== undefined && asked.length === 0) throw StatusError.pathNotFound();
  let failed = false;
  const lines = asked.map((check) => {
    const why = check.check();
    if (why === undefined) return `[+]${check.name} ok${check.detail === undefined ? '' : `: ${check.detail()}`}\n`;
    failed = true;
    return `[-]${check.name} failed: ${check.showsReason === true ? why : 'reason withheld'}\n`;
  });
  if (failed) return { status: 500, text: `${lines.join('')}${endpoint} check failed\n` };
  return { status: 200, text: query.has('verbose') ? `${lines.join('')}${endpoint} check passed\n` : 'ok' };
}

export function handleHealth(request: ReceivedRequest, path: string, checks: readonly HealthCheck[]): void {
  const report = healthReport(path, request.query, checks);
  if (report === undefined) throw StatusError.pathNotFound();
  respondText(request, report.status, report.text);
}
