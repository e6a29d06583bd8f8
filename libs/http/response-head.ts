/** Answers that have no body and so no content-length. */
export function bodyless(status: number): boolean {
  return status === 204 || status === 304;
}

/** The number in a content-length header; undefined when there is none that can be read. */
export function lengthOf(header: string | readonly string[] | undefined): number | undefined {
  if (typeof header !== 'string') return undefined;
  const length = Number(header);
  return Number.isSafeInteger(length) && length >= 0 ? length : undefined;
}
