/**
 * A key management service on a socket, as Kubernetes' plugins are: its keys can be rotated and
 * lost.
 */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { Server, ServerCredentials } from '@grpc/grpc-js';
import { KeyManagementService } from '@kcp-ts/proto';
import { RpcError, serviceOf } from '@kcp-ts/rpc';

export interface TestKms extends AsyncDisposable {
  readonly socket: string;
  /** How often each method was called. */
  readonly calls: Record<'status' | 'encrypt' | 'decrypt', number>;
  healthz: string;
  /** Wraps with another key from now on; unwraps with all that it had. */
  rotate(): void;
  /** Forgets all keys but the newest. */
  forget(): void;
}

const nonceBytes = 12;
const tagBytes = 16;

export async function startTestKms(socket: string): Promise<TestKms> {
  const keys = new Map([['key-1', randomBytes(32)]]);
  let newest = 'key-1';
  const keyOf = (id: string) => {
    const key = keys.get(id);
    if (key === undefined) throw new RpcError('not-found', `no key ${id}`);
    return key;
  };
  const kms = { calls: { status: 0, encrypt: 0, decrypt: 0 }, healthz: 'ok' };
  const { definition, implementation } = serviceOf(KeyManagementService, {
    status() {
      kms.calls.status++;
      return { version: 'v2', healthz: kms.healthz, keyId: newest };
    },
    encrypt({ plaintext }) {
      kms.calls.encrypt++;
      const nonce = randomBytes(nonceBytes);
      const cipher = createCipheriv('aes-256-gcm', keyOf(newest), nonce);
      const ciphertext = Buffer.concat([nonce, cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
      return { ciphertext, keyId: newest, annotations: { 'version.kms.example.com': Buffer.from('1') } };
    },
    decrypt({ ciphertext, keyId, annotations }) {
      kms.calls.decrypt++;
      if (Buffer.from(annotations['version.kms.example.com'] ?? []).toString() !== '1')
        throw new RpcError('invalid-argument', 'the annotations are not those of the ciphertext');
      const decipher = createDecipheriv('aes-256-gcm', keyOf(keyId), ciphertext.subarray(0, nonceBytes));
      decipher.setAuthTag(ciphertext.subarray(ciphertext.length - tagBytes));
      const text = decipher.update(ciphertext.subarray(nonceBytes, ciphertext.length - tagBytes));
      return { plaintext: Buffer.concat([text, decipher.final()]) };
    },
  });
  const server = new Server();
  server.addService(definition, implementation);
  await new Promise<void>((done, failed) =>
    server.bindAsync(`unix:${socket}`, ServerCredentials.createInsecure(), (error) =>
      error === null ? done() : failed(error),
    ),
  );
  return Object.assign(kms, {
    socket,
    rotate() {
      newest = `key-${keys.size + 1}`;
      keys.set(newest, randomBytes(32));
    },
    forget() {
      for (const id of keys.keys()) if (id !== newest) keys.delete(id);
    },
    [Symbol.asyncDispose]: () => new Promise<void>((done) => server.tryShutdown(() => done())),
  });
}
