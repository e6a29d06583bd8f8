import type { FeedSource } from './feed.ts';

/** One source for each address in use. */
export interface Sources {
  at(address: string): FeedSource;
  /** Closes those at other addresses. */
  keep(addresses: ReadonlySet<string>): void;
}

export function createSources(connect: (address: string) => FeedSource & Disposable): Sources {
  const open = new Map<string, FeedSource & Disposable>();
  return {
    at(address) {
      const known = open.get(address);
      if (known !== undefined) return known;
      const opened = connect(address);
      open.set(address, opened);
      return opened;
    },
    keep(addresses) {
      for (const [address, source] of open) {
        if (addresses.has(address)) continue;
        open.delete(address);
        source[Symbol.dispose]();
      }
    },
  };
}
