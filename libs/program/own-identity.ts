/**
 * What a service shows the others has to be what it is: anything else they would refuse later, and
 * say less.
 */
import { X509Certificate } from 'node:crypto';
import type { ServiceIdentity } from '@kcp-ts/authn';
import { mayBear, serviceIdentityOf, serviceNameOf } from '@kcp-ts/authn';
import { namesInCertificate } from '@kcp-ts/base';

/** Throws, for a person, where the certificate of --peer-cert-file is not for this service. */
export function checkOwnIdentity(certificate: string, kind: ServiceIdentity['kind'], name: string): void {
  const identity = serviceIdentityOf(namesInCertificate(new X509Certificate(certificate)));
  if (identity !== undefined && mayBear(identity, kind, name)) return;
  const wanted = serviceNameOf({ kind, name });
  const is = identity === undefined ? 'of no service' : `of ${serviceNameOf(identity)}`;
  throw new Error(
    `--peer-cert-file is ${is}, and this is ${wanted}: issue it for system:kcp:service:${kind}, which is any ${kind}, or for this one`,
  );
}
