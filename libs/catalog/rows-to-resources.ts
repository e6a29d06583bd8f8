/** From rows to served resources: schemas compiled once per content, versions joined to the one that is stored, behaviours found by name. */
import { createHash } from 'node:crypto';
import type { KeyIdentity, ResourceRow } from '@kcp-ts/meta';
import { groupVersionText } from '@kcp-ts/meta';
import type { Behaviour, Conversion, Origin, ServedResource } from '@kcp-ts/registry';
import { noBehaviour, serve } from '@kcp-ts/registry';
import type { SchemaCache } from '@kcp-ts/schema';

export interface RowNeeds {
  readonly schemas: SchemaCache;
  behaviour(name: string): Behaviour;
  conversion(row: ResourceRow): Conversion | undefined;
}

function fingerprintOf(row: ResourceRow, schemaHash: string): string {
  return createHash('sha256')
    .update(`${groupVersionText(row)}\0${row.kind}\0${schemaHash}`)
    .digest('hex')
    .slice(0, 16);
}

function isStorageVersion(row: ResourceRow): boolean {
  return row.aliasOf === undefined && (row.storageVersion === undefined || row.storageVersion === row.version);
}

/** Serves rows, given in discovery order; rows of one resource share what the storage version stores. */
export function resourcesOfRows(
  rows: readonly ResourceRow[],
  identityOf: (row: ResourceRow) => KeyIdentity,
  origin: Origin,
  needs: RowNeeds,
): ServedResource[] {
  const byRow = new Map<ResourceRow, ServedResource>();
  const storageOf = (row: ResourceRow) => {
    const group = row.aliasOf?.group ?? row.group;
    const plural = row.plural;
    return rows.find((other) => other.group === group && other.plural === plural && isStorageVersion(other));
  };
  function served(row: ResourceRow): ServedResource {
    const known = byRow.get(row);
    if (known !== undefined) return known;
    const storageRow = isStorageVersion(row) ? row : (storageOf(row) ?? row);
    const schema = needs.schemas.compile(row.schema, {
      dialect: row.dialect,
      kind: row.kind,
      scale: row.scale,
      rules: row.rules,
    });
    const made = serve(row, {
      identity: identityOf(row),
      origin,
      schema,
      behaviour: row.behaviour === undefined ? noBehaviour : needs.behaviour(row.behaviour),
      fingerprint: fingerprintOf(row, schema.hash),
      storage: storageRow === row ? undefined : served(storageRow),
      conversion: storageRow === row ? undefined : needs.conversion(row),
    });
    byRow.set(row, made);
    return made;
  }
  return rows.map(served);
}
