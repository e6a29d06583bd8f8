/**
 * Surfaces of exports, kept until an export or schema changes: one of hundreds of claims on exports
 * of thousands of resources takes long to make.
 */
import type { LogicalClusterName } from '@kcp-ts/api';
import type { Turns } from '@kcp-ts/base';
import type { ApiExport } from '@kcp-ts/sharing';
import { exportsPrefix, schemasPrefix } from '@kcp-ts/sharing';
import { LRUCache } from 'lru-cache';
import type { ExportSurface, ExportSurfaceDependencies } from './api-export-surface.ts';
import { makeExportSurface } from './api-export-surface.ts';

export interface ExportSurfaces {
  /**
   * The surface of an export as it is now; a promise where others get their turns while it is made.
   */
  of(cluster: LogicalClusterName, source: ApiExport, turns: Turns): ExportSurface | Promise<ExportSurface>;
  /** To be called with every changed key. */
  changed(key: string): void;
}

/** As many are kept. */
const surfacesMax = 500;

export function createExportSurfaces(deps: ExportSurfaceDependencies): ExportSurfaces {
  const made = new LRUCache<string, ExportSurface>({ max: surfacesMax });
  const making = new Map<string, Promise<ExportSurface>>();
  /**
   * Counts what may change a surface: an export names schemas, and claims what other exports bring.
   */
  let changes = 0;

  function make(
    key: string,
    cluster: LogicalClusterName,
    source: ApiExport,
    turns: Turns,
  ): ExportSurface | Promise<ExportSurface> {
    const steps = makeExportSurface(deps, cluster, source);
    const slices = turns.begin();
    const begun = changes;
    // What is made while something changes is for those who asked before that.
    const keep = (surface: ExportSurface) => {
      if (begun === changes) made.set(key, surface);
      return surface;
    };
    function goOn(): ExportSurface | Promise<ExportSurface> {
      for (;;) {
        const step = steps.next();
        if (step.done === true) return keep(step.value);
        const pause = slices.due ? slices.pause() : undefined;
        if (pause !== undefined) return pause.then(goOn);
      }
    }
    return goOn();
  }

  return {
    of(cluster, source, turns) {
      const key = `${cluster}/${source.metadata.name}`;
      const known = made.get(key) ?? making.get(key);
      if (known !== undefined) return known;
      const found = make(key, cluster, source, turns);
      if (!(found instanceof Promise)) return found;
      const own = found.finally(() => {
        if (making.get(key) === own) making.delete(key);
      });
      making.set(key, own);
      return own;
    },
    changed(key) {
      if (!key.startsWith(exportsPrefix) && !key.startsWith(schemasPrefix)) return;
      changes++;
      made.clear();
      making.clear();
    },
  };
}
