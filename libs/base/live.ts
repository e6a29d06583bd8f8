/**
 * A value that may be replaced while it is in use: a certificate that is renewed, a password that
 * is changed. Its users ask for it each time, and are called when it has changed.
 */
export interface Live<T> {
  current(): T;
  /** `changed` is called after each replacement, until what is returned is disposed. */
  onChange(changed: () => void): Disposable;
}

export interface Replaceable<T> extends Live<T> {
  replace(value: T): void;
}

export function createLive<T>(value: T): Replaceable<T> {
  const listeners = new Set<() => void>();
  let current = value;
  return {
    current: () => current,
    onChange(changed) {
      // Each call is a subscription of its own.
      const listener = () => changed();
      listeners.add(listener);
      return { [Symbol.dispose]: () => void listeners.delete(listener) };
    },
    replace(next) {
      current = next;
      for (const listener of [...listeners]) listener();
    },
  };
}

function isLive<T extends object>(value: T | Live<T>): value is Live<T> {
  return 'current' in value && typeof value.current === 'function';
}

/** One that never changes, of what may be a plain value. */
export function liveOf<T extends object>(value: T | Live<T>): Live<T> {
  return isLive(value) ? value : { current: () => value, onChange: () => ({ [Symbol.dispose]: () => undefined }) };
}
