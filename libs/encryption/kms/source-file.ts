/**
 * The seeds that values of a root directory were encrypted with, as the key management service
 * wrapped them: what is read after a start is asked for before. A line each, the newest last; a
 * seed is used when its line is on the disk.
 */
import { open, truncate } from 'node:fs/promises';
import { readFileIfThere } from '@kcp-ts/base';

/** A seed that only the key management service can unwrap. */
export interface WrappedSeed {
  readonly ciphertext: Uint8Array;
  readonly keyId: string;
  readonly annotations: Readonly<Record<string, Uint8Array>>;
}

export interface SourceFile {
  readonly seeds: readonly WrappedSeed[];
  /** Resolves when it is on the disk. */
  append(seed: WrappedSeed): Promise<void>;
}

const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64');

function formatLine({ ciphertext, keyId, annotations }: WrappedSeed): string {
  const named = Object.entries(annotations).map(([name, value]) => [name, base64(value)]);
  return `${JSON.stringify({ ciphertext: base64(ciphertext), keyId, annotations: Object.fromEntries(named) })}\n`;
}

function parseLine(line: string): WrappedSeed {
  const { ciphertext, keyId, annotations } = JSON.parse(line) as {
    readonly ciphertext: string;
    readonly keyId: string;
    readonly annotations: Readonly<Record<string, string>>;
  };
  const named = Object.entries(annotations).map(([name, value]) => [name, Buffer.from(value, 'base64')] as const);
  return { ciphertext: Buffer.from(ciphertext, 'base64'), keyId, annotations: Object.fromEntries(named) };
}

export async function openSourceFile(path: string): Promise<SourceFile> {
  const text = (await readFileIfThere(path)) ?? '';
  // A line that a crash has cut off was never used.
  const whole = text.slice(0, text.lastIndexOf('\n') + 1);
  if (whole !== text) await truncate(path, Buffer.byteLength(whole));
  const lines = whole.split('\n');
  return {
    seeds: lines.filter((line) => line !== '').map(parseLine),
    async append(seed) {
      const file = await open(path, 'a', 0o600);
      try {
        await file.appendFile(formatLine(seed));
        await file.sync();
      } finally {
        await file.close();
      }
    },
  };
}
