/**
 * `serviceaccounts/token`: a token of the account's own, good for an hour unless asked otherwise.
 */

import type { KubeObject, LogicalClusterName } from '@kcp-ts/api';
import { invalidValue, StatusError } from '@kcp-ts/api';
import type { SpecialHandler } from '@kcp-ts/apiserver';
import { isExactInteger } from '@kcp-ts/base';
import { currentObject, objectKey } from '@kcp-ts/registry';
import type { Store } from '@kcp-ts/storage';

export interface TokenRequestDependencies {
  readonly store: Pick<Store, 'get'>;
  issue(
    account: {
      readonly cluster: LogicalClusterName;
      readonly namespace: string;
      readonly name: string;
      readonly uid: string;
    },
    spec: { readonly expirationSeconds: number; readonly audiences?: readonly string[] | undefined },
  ): Promise<{ readonly token: string; readonly audiences: readonly string[]; readonly expiresMs: number }>;
  now(): string;
}

interface TokenRequest extends KubeObject {
  readonly spec?: {
    readonly audiences?: readonly string[] | null;
    readonly expirationSeconds?: number | null;
    readonly boundObjectRef?: { readonly apiVersion?: string; readonly kind?: string } | null;
  };
}

const secondsDefault = 3_600;
const secondsMin = 600;
const secondsMax = 2 ** 32;

/** A TokenRequest for this account, decoded; throws BadRequest for anything else. */
function requestOf(body: unknown, name: string, namespace: string): TokenRequest {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw StatusError.badRequest('the body of a token request must be an object of kind TokenRequest');
  }
  const request = body as TokenRequest;
  const { kind = 'TokenRequest', apiVersion = 'authentication.k8s.io/v1' } = request;
  if (kind !== 'TokenRequest' || apiVersion !== 'authentication.k8s.io/v1') {
    throw StatusError.badRequest(
      `the body must be a TokenRequest of authentication.k8s.io/v1, not ${apiVersion}, Kind=${kind}`,
    );
  }
  const { audiences, expirationSeconds, boundObjectRef } = request.spec ?? {};
  const wanted: unknown = audiences ?? [];
  const fits = Array.isArray(wanted) && wanted.every((audience) => typeof audience === 'string');
  if (!fits || !isExactInteger(expirationSeconds ?? secondsDefault)) {
    throw StatusError.badRequest(
      'TokenRequest in version "v1" cannot be handled as a TokenRequest: a field of spec has the wrong type',
    );
  }
  const sent = request.metadata?.name ?? '';
  if (sent !== '' && sent !== name)
    throw StatusError.badRequest(`the name of the object (${sent}) does not match the name on the URL (${name})`);
  const into = request.metadata?.namespace ?? '';
  if (into !== '' && into !== namespace) {
    throw StatusError.badRequest(
      'the namespace of the provided object does not match the namespace sent on the request',
    );
  }
  // Clients send null for what they do not bind to.
  if (boundObjectRef !== undefined && boundObjectRef !== null) {
    const version =
      boundObjectRef.apiVersion?.includes('/') === true
        ? boundObjectRef.apiVersion
        : `/${boundObjectRef.apiVersion ?? ''}`;
    throw StatusError.badRequest(`cannot bind token to object of type ${version}, Kind=${boundObjectRef.kind ?? ''}`);
  }
  return request;
}

/** All of them are signed into the token. */
const audiencesMax = 1_000;

function audiencesOf({ spec }: TokenRequest): readonly string[] | undefined {
  const audiences = spec?.audiences ?? undefined;
  if ((audiences?.length ?? 0) <= audiencesMax) return audiences;
  const message = `Too many: ${audiences?.length}: must have at most ${audiencesMax} items`;
  throw StatusError.invalid({ group: 'authentication.k8s.io', kind: 'TokenRequest' }, '', [
    { kind: 'TooMany', field: 'spec.audiences', message },
  ]);
}

function secondsOf(request: TokenRequest): number {
  const seconds = request.spec?.expirationSeconds ?? secondsDefault;
  const wrong = (detail: string) =>
    StatusError.invalid({ group: 'authentication.k8s.io', kind: 'TokenRequest' }, '', [
      invalidValue('spec.expirationSeconds', seconds, detail),
    ]);
  if (seconds < secondsMin) throw wrong('may not specify a duration less than 10 minutes');
  if (seconds > secondsMax) throw wrong('may not specify a duration larger than 2^32 seconds');
  return seconds;
}

export function createTokenRequestHandler(deps: TokenRequestDependencies): SpecialHandler {
  return {
    name: 'serviceaccounts/token',
    async handle({ cluster, storage, served, namespace, objectName, body }) {
      if (cluster === '*') throw StatusError.methodNotAllowed();
      const request = requestOf(body, objectName, namespace);
      const entry = deps.store.get(objectKey(served, cluster, namespace, objectName));
      if (entry === undefined) throw StatusError.notFound(served.definition, objectName);
      const account = currentObject(served.storage, entry.value);
      if (storage.objectFilter(served)?.isVisible(account) === false)
        throw StatusError.notFound(served.definition, objectName);
      const expirationSeconds = secondsOf(request);
      const issued = await deps.issue(
        { cluster, namespace, name: objectName, uid: account.metadata.uid ?? '' },
        { expirationSeconds, audiences: audiencesOf(request) },
      );
      const expirationTimestamp = `${new Date(issued.expiresMs).toISOString().slice(0, 19)}Z`;
      return {
        status: 201,
        object: {
          kind: 'TokenRequest',
          apiVersion: 'authentication.k8s.io/v1',
          metadata: { name: objectName, namespace, uid: account.metadata.uid, creationTimestamp: deps.now() },
          spec: { audiences: issued.audiences, expirationSeconds, boundObjectRef: null },
          status: { token: issued.token, expirationTimestamp },
        },
      };
    },
  };
}
