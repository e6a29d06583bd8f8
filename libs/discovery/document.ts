import { createHash } from 'node:crypto';

/**
 * The bytes of an answer that is the same for every workspace with the same API surface, and the
 * hash that names them.
 */
export interface Document {
  readonly bytes: Uint8Array;
  /** SHA-512 in upper-case hex, without quotes. */
  readonly etag: string;
}

/** `etag` where it is known by what the document is made of. */
export function documentNamed(bytes: Uint8Array, etag: string): Document {
  return { bytes, etag };
}

export function documentOf(bytes: Uint8Array): Document {
  return { bytes, etag: createHash('sha512').update(bytes).digest('hex').toUpperCase() };
}

/** A document of text that is made when it is first asked for and kept. */
export function lazyText(make: () => string): () => Document {
  let made: Document | undefined;
  return () => {
    made ??= documentOf(Buffer.from(make()));
    return made;
  };
}

/** A JSON document that is made when it is first asked for and kept. */
export function lazyJson(make: () => unknown): () => Document {
  return lazyText(() => JSON.stringify(make()));
}
