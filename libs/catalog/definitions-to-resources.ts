/**
 * From definitions to served resources: schemas compiled once per content, versions joined to the
 * one that is stored, strategies found by name.
 */
import { createHash } from 'node:crypto';
import type { KeyIdentity, ResourceDefinition } from '@kcp-ts/api';
import { groupVersionText } from '@kcp-ts/api';
import type { Conversion, Origin, ServedResource, Strategy } from '@kcp-ts/registry';
import { noStrategy, serve } from '@kcp-ts/registry';
import type { SchemaCache } from '@kcp-ts/schema';

export interface ResourceDefinitionDependencies {
  readonly schemas: SchemaCache;
  strategy(name: string): Strategy;
  conversion(definition: ResourceDefinition): Conversion | undefined;
}

function fingerprintOf(definition: ResourceDefinition, schemaHash: string): string {
  return createHash('sha256')
    .update(`${groupVersionText(definition)}\0${definition.kind}\0${schemaHash}`)
    .digest('hex')
    .slice(0, 16);
}

function isStorageVersion(definition: ResourceDefinition): boolean {
  return (
    definition.aliasOf === undefined &&
    (definition.storageVersion === undefined || definition.storageVersion === definition.version)
  );
}

/**
 * Serves definitions, given in discovery order; definitions of one resource share what the storage
 * version stores.
 */
export function resourcesOfDefinitions(
  definitions: readonly ResourceDefinition[],
  identityOf: (definition: ResourceDefinition) => KeyIdentity,
  origin: Origin,
  deps: ResourceDefinitionDependencies,
): ServedResource[] {
  const byDefinition = new Map<ResourceDefinition, ServedResource>();
  const storageOf = (definition: ResourceDefinition) => {
    const group = definition.aliasOf?.group ?? definition.group;
    const plural = definition.plural;
    return definitions.find((other) => other.group === group && other.plural === plural && isStorageVersion(other));
  };
  function served(definition: ResourceDefinition): ServedResource {
    const known = byDefinition.get(definition);
    if (known !== undefined) return known;
    const storageDefinition = isStorageVersion(definition) ? definition : (storageOf(definition) ?? definition);
    const schema = deps.schemas.compile(definition.schema, {
      dialect: definition.dialect,
      kind: definition.kind,
      scale: definition.scale,
      rules: definition.rules,
    });
    const made = serve(definition, {
      identity: identityOf(definition),
      origin,
      schema,
      strategy: definition.strategy === undefined ? noStrategy : deps.strategy(definition.strategy),
      fingerprint: fingerprintOf(definition, schema.hash),
      storage: storageDefinition === definition ? undefined : served(storageDefinition),
      conversion: storageDefinition === definition ? undefined : deps.conversion(definition),
    });
    byDefinition.set(definition, made);
    return made;
  }
  return definitions.map(served);
}
