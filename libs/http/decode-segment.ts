/** Percent-decodes one segment of a path; a malformed one stays as it is and will name nothing. */
export function decodeSegment(text: string): string {
  if (!text.includes('%')) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
