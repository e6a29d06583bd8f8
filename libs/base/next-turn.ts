/** Runs `run` in a later turn of the event loop, after the input that has arrived by now. */
export function nextTurn(run: () => void): void {
  setImmediate(run);
}
