/** `serviceaccounts/token`: a token of the account's own, good for an hour unless asked otherwise. */
import type { KubeObject } from '@kcp-ts/meta';
import { invalidValue, StatusError } from '@kcp-ts/meta';
import { currentObject, objectKey } from '@kcp-ts/registry';
import type { ServerNeeds, SpecialHandler } from '../server-needs.ts';

export interface TokenRequestNeeds extends Pick<ServerNeeds, 'store'> {
  issue(
    account: { readonly cluster: string; readonly namespace: string; readonly name: string; readonly uid: string },
    spec: { readonly expirationSeconds: number; readonly audiences?: readonly string[] | undefined },
  ): Promise<{ readonly token: string; readonly audiences: readonly string[]; readonly expiresMs: number }>;
  now(): string;
}

interface TokenRequest extends KubeObject {
  /** Older clients write null for what they leave open. */
  readonly spec?: { readonly audiences?: readonly string[] | null; readonly expirationSeconds?: number | null; readonly boundObjectRef?: object | null };
}

const secondsDefault = 3_600;
const secondsMin = 600;
const secondsMax = 2 ** 32;

function secondsOf(request: TokenRequest): number {
  const seconds = request.spec?.expirationSeconds ?? secondsDefault;
  const wrong = (detail: string) => StatusError.invalid({ group: 'authentication.k8s.io', kind: 'TokenRequest' }, '', [invalidValue('spec.expirationSeconds', seconds, detail)]);
  if (seconds < secondsMin) throw wrong('may not specify a duration less than 10 minutes');
  if (seconds > secondsMax) throw wrong('may not specify a duration larger than 2^32 seconds');
  return seconds;
}

export function createTokenRequestHandler(needs: TokenRequestNeeds): SpecialHandler {
  return {
    name: 'serviceaccounts/token',
    async handle({ scope, served, namespace, objectName, body }) {
      if (scope.cluster === '*') throw StatusError.methodNotAllowed();
      const request = (body ?? {}) as TokenRequest;
      if ((request.spec?.boundObjectRef ?? undefined) !== undefined) throw StatusError.badRequest('cannot bind token: there are no pods, nodes or secrets to bind it to');
      const entry = needs.store.get(objectKey(served, scope.cluster, namespace, objectName));
      if (entry === undefined) throw StatusError.notFound(served.row, objectName);
      const account = currentObject(served.storage, entry.value);
      const expirationSeconds = secondsOf(request);
      const issued = await needs.issue({ cluster: scope.cluster, namespace, name: objectName, uid: account.metadata.uid ?? '' }, { expirationSeconds, audiences: request.spec?.audiences ?? undefined });
      const expirationTimestamp = `${new Date(issued.expiresMs).toISOString().slice(0, 19)}Z`;
      return {
        status: 201,
        object: {
          kind: 'TokenRequest',
          apiVersion: 'authentication.k8s.io/v1',
          metadata: { name: objectName, namespace, creationTimestamp: needs.now() },
          spec: { audiences: issued.audiences, expirationSeconds, boundObjectRef: null },
          status: { token: issued.token, expirationTimestamp },
        },
      };
    },
  };
}
