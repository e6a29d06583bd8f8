/** Ends an exhaustive switch: a value that reaches it is a programmer's error. */
export function unreachable(value: never): never {
  throw new Error(`unreachable: ${JSON.stringify(value)}`);
}
