import type { ResourceRow } from '@kcp-ts/meta';
import { compareVersions } from './compare-versions.ts';

export interface VersionRows {
  readonly version: string;
  readonly rows: readonly ResourceRow[];
}

export interface GroupRows {
  readonly name: string;
  /** The preferred version first. */
  readonly versions: readonly VersionRows[];
}

/** Built-in groups in the order of their rows, then groups of custom kinds by the alphabet, then custom groups that only show others' objects. */
function placeOf(rows: readonly ResourceRow[]): number {
  if (rows.some((row) => row.dialect === 'builtin')) return 0;
  return rows.every((row) => row.aliasOf !== undefined) ? 2 : 1;
}

function groupBy(rows: readonly ResourceRow[], key: (row: ResourceRow) => string): Map<string, ResourceRow[]> {
  const groups = new Map<string, ResourceRow[]>();
  for (const row of rows) {
    const group = groups.get(key(row));
    if (group === undefined) groups.set(key(row), [row]);
    else group.push(row);
  }
  return groups;
}

/** The groups of a surface as discovery lists them; rows of a version keep the order in which they are given. The core group has the name ''. */
export function groupRows(rows: readonly ResourceRow[]): readonly GroupRows[] {
  const groups = [...groupBy(rows, (row) => row.group)].map(([name, members]) => ({
    name,
    place: placeOf(members),
    versions: [...groupBy(members, (row) => row.version)]
      .map(([version, ofVersion]) => ({ version, rows: ofVersion }))
      .sort((a, b) => compareVersions(a.version, b.version)),
  }));
  return groups.sort((a, b) => a.place - b.place || (a.place === 0 ? 0 : a.name < b.name ? -1 : 1));
}
