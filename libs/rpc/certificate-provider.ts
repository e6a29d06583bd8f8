/** Certificates that may be renewed, as the library takes them: for connections from then on. */
import type { experimental } from '@grpc/grpc-js';
import type { Live } from '@kcp-ts/base';
import type { RpcTls } from './options.ts';

type Provider = experimental.CertificateProvider;
type CaListener = Parameters<Provider['addCaCertificateListener']>[0];
type IdentityListener = Parameters<Provider['addIdentityCertificateListener']>[0];

/**
 * One provider for authorities and identity. Each listener is called soon with what there is, and
 * again at each change. An identity is only listened for where there is one.
 */
export function certificateProviderOf(tls: Live<RpcTls>): Provider {
  const following = new Map<CaListener | IdentityListener, Disposable>();

  function follow(listener: CaListener | IdentityListener, tell: () => void): void {
    following.set(listener, tls.onChange(tell));
    // A server's credentials listen before they are listened to.
    queueMicrotask(() => {
      if (following.has(listener)) tell();
    });
  }

  function forget(listener: CaListener | IdentityListener): void {
    following.get(listener)?.[Symbol.dispose]();
    following.delete(listener);
  }

  return {
    addCaCertificateListener: (listener) =>
      follow(listener, () => listener({ caCertificate: Buffer.from(tls.current().ca) })),
    addIdentityCertificateListener: (listener) =>
      follow(listener, () => {
        const { cert = '', key = '' } = tls.current();
        listener({ certificate: Buffer.from(cert), privateKey: Buffer.from(key) });
      }),
    removeCaCertificateListener: forget,
    removeIdentityCertificateListener: forget,
  };
}
