/**
 * Requests to one Kubernetes-style API server, by path below its base URL; a Status that says no is
 * thrown as the StatusError it is.
 */

import type { StatusDetails, StatusReason } from '@kcp-ts/api';
import { StatusError } from '@kcp-ts/api';
import { parseJson } from '@kcp-ts/base';
import type { HttpClient } from '@kcp-ts/http';

export type Json = Readonly<Record<string, unknown>>;

export interface ApiClient {
  get<T = Json>(path: string): Promise<T>;
  post<T = Json>(path: string, body: Json): Promise<T>;
  put<T = Json>(path: string, body: Json): Promise<T>;
}

const reasonOfCode: Readonly<Record<number, StatusReason>> = {
  400: 'BadRequest',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'NotFound',
  405: 'MethodNotAllowed',
  409: 'Conflict',
  410: 'Gone',
  422: 'Invalid',
  429: 'TooManyRequests',
  503: 'ServiceUnavailable',
  504: 'Timeout',
};

function parseObject(text: string): Json | undefined {
  try {
    const value = parseJson(text);
    return typeof value === 'object' && value !== null ? (value as Json) : undefined;
  } catch {
    return undefined;
  }
}

function statusError(code: number, body: string): StatusError {
  const status = parseObject(body);
  const message =
    typeof status?.['message'] === 'string' && status['message'] !== ''
      ? status['message']
      : `the server answered ${code}: ${body.slice(0, 200)}`;
  const reason = status?.['reason'] === 'AlreadyExists' ? 'AlreadyExists' : (reasonOfCode[code] ?? 'InternalError');
  return new StatusError(reason, message, status?.['details'] as StatusDetails | undefined, { code });
}

/** `base` is a server's URL without a trailing slash, such as `https://localhost:6443/clusters/root`. */
export function createApiClient(http: HttpClient, base: string): ApiClient {
  async function ask<T>(method: string, path: string, body?: Json): Promise<T> {
    const answer = await http.request(method, base + path, body);
    if (answer.status >= 300) throw statusError(answer.status, answer.body);
    const parsed = parseObject(answer.body);
    if (parsed === undefined)
      throw new StatusError('InternalError', `${method} ${path} was answered with something that is not a JSON object`);
    return parsed as T;
  }
  return {
    get: (path) => ask('GET', path),
    post: (path, body) => ask('POST', path, body),
    put: (path, body) => ask('PUT', path, body),
  };
}
