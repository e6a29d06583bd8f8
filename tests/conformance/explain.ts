/** Which differences the table explains, and which of its entries explain nothing any more. */
import type { Difference } from './compare.ts';
import type { Reason } from './differences.ts';

function matcher(pattern: string, prefix: boolean): (text: string) => boolean {
  const escaped = pattern.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replaceAll('*', '.*');
  const expression = new RegExp(`^${escaped}${prefix ? '(?:$|[.[])' : '$'}`);
  return (text) => expression.test(text);
}

export interface Explainer {
  /** Whether the table says that the request is not to be sent. */
  skips(recording: string): boolean;
  /** Whether all differences have their reason; does not count as a use of it. */
  explains(recording: string, found: readonly Difference[]): boolean;
  unexplained(recording: string, found: readonly Difference[]): Difference[];
  /** Entries that matched nothing so far. */
  unused(): Reason[];
}

export function createExplainer(reasons: readonly Reason[]): Explainer {
  const used = new Set<Reason>();
  const entries = reasons.map((reason) => ({
    reason,
    recording: matcher(reason.recording, false),
    what: matcher(reason.what, true),
  }));
  return {
    skips(name) {
      const entry = entries.find(({ reason, recording }) => reason.what === 'request' && recording(name));
      if (entry !== undefined) used.add(entry.reason);
      return entry !== undefined;
    },
    explains(name, found) {
      const here = entries.filter(({ recording }) => recording(name));
      return found.every(({ path }) => here.some(({ what }) => what(path)));
    },
    unexplained(name, found) {
      const here = entries.filter(({ recording }) => recording(name));
      return found.filter(({ path }) => {
        const matching = here.filter(({ what }) => what(path));
        for (const { reason } of matching) used.add(reason);
        return matching.length === 0;
      });
    },
    unused: () => reasons.filter((reason) => !used.has(reason)),
  };
}
