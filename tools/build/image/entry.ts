/** What a file system of an image is made of. */

interface Placed {
  /** Relative to the root, with `/` between names. */
  readonly path: string;
  readonly mode: number;
  /** 0 where it says nothing. */
  readonly uid?: number;
}

export type Entry =
  | (Placed & { readonly kind: 'file'; readonly content: Uint8Array })
  | (Placed & { readonly kind: 'directory' })
  | (Placed & { readonly kind: 'link'; readonly target: string });

/** The architectures that images are made for, by the names that the registries of images use. */
export const architectures = {
  amd64: { npm: 'x64', debian: 'amd64' },
  arm64: { npm: 'arm64', debian: 'arm64' },
} as const;

export type Architecture = keyof typeof architectures;

export function isArchitecture(name: string): name is Architecture {
  return Object.hasOwn(architectures, name);
}

/**
 * The entries with the directories that they lie in, each once, parents first and otherwise by
 * path.
 */
export function withDirectories(entries: readonly Entry[]): readonly Entry[] {
  const byPath = new Map<string, Entry>();
  for (const entry of entries) {
    for (let at = entry.path.indexOf('/'); at > 0; at = entry.path.indexOf('/', at + 1)) {
      const path = entry.path.slice(0, at);
      if (!byPath.has(path)) byPath.set(path, { kind: 'directory', path, mode: 0o755 });
    }
    byPath.set(entry.path, entry);
  }
  return [...byPath.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
}
