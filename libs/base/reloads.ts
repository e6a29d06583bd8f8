/** The operator's order to read all files again now, however they look: SIGHUP. */
export interface Reloads {
  /** `reload` is called at each order, until what is returned is disposed. */
  onReload(reload: () => Promise<void>): Disposable;
}

export interface ReloadOrders extends Reloads {
  /** Resolves when everybody has read again. What cannot be used is told by those who read it. */
  order(): Promise<void>;
}

export function createReloads(): ReloadOrders {
  const listeners = new Set<() => Promise<void>>();
  return {
    onReload(reload) {
      const listener = () => reload();
      listeners.add(listener);
      return { [Symbol.dispose]: () => void listeners.delete(listener) };
    },
    async order() {
      await Promise.all([...listeners].map((reload) => reload()));
    },
  };
}
