/** The calls of a key management service that a provider makes. */
import { KeyManagementService } from '@kcp-ts/proto';
import { createRpcClient } from '@kcp-ts/rpc';
import type { KmsConfiguration } from '../configuration.ts';
import type { WrappedSeed } from './source-file.ts';

export interface KmsClient extends Disposable {
  /** The key that the service wraps with now; rejects where it says that it does not work. */
  keyId(): Promise<string>;
  wrap(secret: Uint8Array): Promise<WrappedSeed>;
  unwrap(wrapped: WrappedSeed): Promise<Uint8Array>;
}

const supported: ReadonlySet<string> = new Set(['v2', 'v2beta1']);

export function createKmsClient({ name, socket, timeoutMs }: KmsConfiguration): KmsClient {
  const client = createRpcClient(KeyManagementService, { addresses: [`unix:${socket}`] });
  const options = { timeoutMs };
  let requests = 0;
  const uid = () => `kcp-ts-${requests++}`;

  /** Not an error of the connection to etcd, which speaks gRPC as well. */
  function answered<Answer>(call: Promise<Answer>): Promise<Answer> {
    return call.catch((cause: unknown) => {
      throw new Error(`KMS ${name} does not answer at unix://${socket}: ${(cause as Error).message}`, { cause });
    });
  }

  return {
    async keyId() {
      const { version, healthz, keyId } = await answered(client.call.status({}, options));
      if (!supported.has(version)) throw new Error(`KMS ${name} speaks ${JSON.stringify(version)}, and not v2`);
      if (healthz !== 'ok') throw new Error(`KMS ${name} does not work: ${healthz}`);
      return keyId;
    },
    async wrap(plaintext) {
      const { ciphertext, keyId, annotations } = await answered(
        client.call.encrypt({ plaintext, uid: uid() }, options),
      );
      return { ciphertext, keyId, annotations };
    },
    async unwrap({ ciphertext, keyId, annotations }) {
      const request = { ciphertext, uid: uid(), keyId, annotations: { ...annotations } };
      return (await answered(client.call.decrypt(request, options))).plaintext;
    },
    [Symbol.dispose]: () => client[Symbol.dispose](),
  };
}
