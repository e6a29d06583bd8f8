/**
 * Requests as kube-apiserver's metrics count them, so that its dashboards and rules can be used:
 * `apiserver_request_total` and `apiserver_request_duration_seconds` by what was asked, and
 * `apiserver_longrunning_requests`. What tenants define has no series of its own: whatever they
 * make, the number of series is bounded.
 */
import type { Verb } from '@kcp-ts/api';
import type { Histogram, Series } from '@kcp-ts/observability';
import { createHistogram } from '@kcp-ts/observability';
import type { ApiRequest } from './api-request.ts';

export interface RequestMetrics {
  /** `status` 0: the client went away before there was an answer. */
  answered(request: ApiRequest, status: number, seconds: number): void;
  /** A watch that goes on from now. Call what it returns when it has ended. */
  longRunning(request: ApiRequest): () => void;
  readonly series: readonly Series[];
}

export interface RequestMetricsDependencies {
  /**
   * Whether a resource is a built-in one, at a version that it has; all others are counted
   * together.
   */
  isBuiltIn(group: string, version: string, resource: string): boolean;
}

/** Label sets of their own; what is asked beyond is counted together, by verb. */
const countersMax = 500;
const histogramsMax = 100;
/** Of kube-apiserver's bounds those that its rules read, and enough between. */
const bounds = [0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 1, 2, 5, 10, 30, 60];

/** The verbs of kube-apiserver's metrics. */
const verbs: Readonly<Record<Verb, string>> = {
  get: 'GET',
  list: 'LIST',
  watch: 'WATCH',
  create: 'POST',
  update: 'PUT',
  patch: 'PATCH',
  delete: 'DELETE',
  deletecollection: 'DELETECOLLECTION',
};

/** Those that a key has, in its order. */
const keyLabels = ['verb', 'dry_run', 'group', 'version', 'resource', 'subresource', 'scope'];
const labelNames = [...keyLabels, 'component'];

/** Of what stands in a path a client chooses the words. */
const subresources = new Set(['', 'status', 'scale', 'token', 'finalize', 'approval']);
const knownOf = (subresource: string) => (subresources.has(subresource) ? subresource : 'other');

const methods = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);

/**
 * Labels in a string, as the key of a map: made for each request. Each is of a closed set: what
 * clients choose is looked up and never taken over.
 */
function keyOf(
  { method, info, query, exchange }: ApiRequest,
  isBuiltIn: RequestMetricsDependencies['isBuiltIn'],
): string {
  const dryRun = query.has('dryRun') ? 'All' : '';
  if (info.kind === 'non-resource') return `${methods.has(method) ? method : 'other'}|${dryRun}|||||`;
  const { verb, group, version, resource, subresource, name, namespace } = info;
  // An apply is a patch that says so by its type: kube-apiserver counts it apart.
  const isApply = verb === 'patch' && String(exchange.headers['content-type']).startsWith('application/apply-patch');
  const said = isApply ? 'APPLY' : verb === undefined ? 'other' : verbs[verb];
  // k8s.io/apiserver/pkg/endpoints/metrics, CleanScope: a create is of a resource.
  const scope = name !== '' || verb === 'create' ? 'resource' : namespace === '' ? 'cluster' : 'namespace';
  return isBuiltIn(group, version, resource)
    ? `${said}|${dryRun}|${group}|${version}|${resource}|${knownOf(subresource)}|${scope}`
    : `${said}|${dryRun}|||custom||${scope}`;
}

/** What is counted where there are too many label sets: the verb alone, and the code. */
function folded(key: string): string {
  const [verb = '', , , , , , , code] = key.split('|');
  return `${verb}||||other|||${code === undefined ? '' : `|${code}`}`;
}

function labelsOf(key: string): Readonly<Record<string, string>> {
  const values = key.split('|');
  const labels = Object.fromEntries(keyLabels.map((name, i) => [name, values[i] ?? '']));
  const code = values[keyLabels.length];
  return { ...labels, component: 'apiserver', ...(code === undefined ? {} : { code }) };
}

/** Values by key, of which at most `max` are for one key alone. */
function createValues<Value>(max: number, make: () => Value) {
  const values = new Map<string, Value>();
  const own = (key: string): Value => {
    const value = values.get(key) ?? make();
    values.set(key, value);
    return value;
  };
  return {
    of: (key: string): Value => values.get(key) ?? own(values.size < max ? key : folded(key)),
    entries: () => [...values].map(([key, value]) => [labelsOf(key), value] as const),
  };
}

export function createRequestMetrics({ isBuiltIn }: RequestMetricsDependencies): RequestMetrics {
  const counters = createValues(countersMax, () => ({ count: 0 }));
  const durations = createValues<Histogram>(histogramsMax, () => createHistogram(bounds));
  const running = createValues(histogramsMax, () => ({ count: 0 }));
  return {
    answered(request, status, seconds) {
      if (status === 0) return;
      // A client that is not authenticated does not choose what has a series of its own.
      const key = status === 401 ? folded(keyOf(request, isBuiltIn)) : keyOf(request, isBuiltIn);
      counters.of(`${key}|${status}`).count += 1;
      // How long a watch goes on says nothing of how long it is waited for.
      if (request.info.verb !== 'watch') durations.of(key).observe(seconds);
    },
    longRunning(request) {
      const watches = running.of(keyOf(request, isBuiltIn));
      watches.count += 1;
      return () => {
        watches.count -= 1;
      };
    },
    series: [
      {
        kind: 'counter',
        name: 'apiserver_request_total',
        help: 'Requests answered, by verb, resource, scope and HTTP code. What tenants define is counted as "custom".',
        labels: [...labelNames, 'code'],
        read: () => counters.entries().map(([labels, { count }]) => [labels, count]),
      },
      {
        kind: 'histogram',
        name: 'apiserver_request_duration_seconds',
        help: 'Seconds until a request was answered, watches left out.',
        read: () => durations.entries(),
      },
      {
        kind: 'gauge',
        name: 'apiserver_longrunning_requests',
        help: 'Watches that are open, by resource and scope.',
        labels: labelNames,
        read: () => running.entries().map(([labels, { count }]) => [labels, count]),
      },
    ],
  };
}
