export interface DecodeOptions {
  /** Look for doubled keys: a second look at the text, so only for those who want to know. */
  readonly strict: boolean;
  /** The kind that the endpoint takes, for the error's text. */
  readonly kind?: string | undefined;
  /** The body is no object: the error's text says so. */
  readonly as?: 'patch' | 'options';
}

export interface Decoded {
  readonly value: unknown;
  /**
   * Paths of keys that occur again in the same object (`metadata.labels.a`, `spec.list[0].b`), each
   * once, at most 100. Empty unless strict.
   */
  readonly duplicates: readonly string[];
}

/**
 * How deep objects and arrays may nest. Go's limit is 10,000; real objects stay under 100.
 * Everything behind the decoder may recurse over a value because of this limit.
 */
export const depthMax = 500;
/**
 * How many different names the members of a body may have, and how many objects and arrays it may
 * hold. Each name and each container costs the parser, and everything behind it, as much as a
 * hundred characters of text; the largest definitions there are have some thousand names and 15,000
 * containers.
 */
export const namesMax = 20_000;
export const containersMax = 250_000;
export const membersMax = 300_000;
/**
 * How many numbers a body may have that JSON.parse cannot read (integers of 16 digits and more,
 * exponents of three digits): each costs as much as a hundred characters. Every 16 digits of one
 * count as one.
 */
export const longNumbersMax = 20_000;
export const duplicatesMax = 100;
/**
 * This key would become an object's prototype wherever somebody copies key by key, so no body may
 * have it.
 */
export const prototypeKey = '__proto__';
export const prototypeKeyText = `the key ${JSON.stringify(prototypeKey)} is not allowed`;
