import { randomBytes, randomFillSync, randomUUID } from 'node:crypto';

export interface Random {
  bytes(length: number): Uint8Array;
  uuid(): string;
  /** An integer in [0, below). */
  integer(below: number): number;
}

const word = new Uint32Array(1);

export function createSystemRandom(): Random {
  return {
    bytes: (length) => randomBytes(length),
    uuid: () => randomUUID(),
    integer(below) {
      randomFillSync(word);
      return Math.floor(((word[0] ?? 0) / 2 ** 32) * below);
    },
  };
}
