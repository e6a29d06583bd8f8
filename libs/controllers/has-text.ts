/** Whether a stored object has a text anywhere, without parsing it. */
export function hasText(value: Uint8Array, text: string): boolean {
  return Buffer.from(value.buffer, value.byteOffset, value.byteLength).includes(text);
}
