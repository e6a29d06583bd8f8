/** Which binding goes on with the instances that a deleted one leaves behind. */
import type { LogicalClusterName } from '@kcp-ts/api';
import type { BindingReader, BoundResourceStatus } from '@kcp-ts/sharing';
import { identityOf } from '@kcp-ts/sharing';

/** Another binding of the workspace that goes on with what one leaves behind. */
export interface Successor {
  readonly name: string;
  /** Where its export is. */
  readonly exportCluster: LogicalClusterName;
}

/**
 * Finds another binding of the workspace that would go on serving a bound resource with the same
 * schema and identity: then those instances stay, and are handed over to it. One that is going away
 * itself takes nothing over. What the others serve is read once, however much has been bound.
 */
export function successorsOf(
  reader: BindingReader,
  cluster: LogicalClusterName,
): (bound: BoundResourceStatus) => Successor | undefined {
  const candidates = reader.otherBindings().flatMap((binding) => {
    const reference = binding.spec?.reference?.export;
    if (binding.metadata.deletionTimestamp !== undefined || reference === undefined) return [];
    const exportCluster = reader.resolve(reference.path ?? cluster);
    const source = exportCluster === undefined ? undefined : reader.export(exportCluster, reference.name);
    const identity = source === undefined ? undefined : identityOf(source);
    if (exportCluster === undefined || source === undefined || identity === undefined) return [];
    let schemas: ReadonlySet<string | undefined> | undefined;
    const serves = (uid: string) => {
      schemas ??= new Set(
        source.spec?.resources?.map(({ schema }) => reader.schema(exportCluster, schema)?.metadata.uid),
      );
      return schemas.has(uid);
    };
    return [{ name: binding.metadata.name, exportCluster, identity, serves }];
  });
  return ({ schema }) =>
    candidates.find(({ identity, serves }) => identity === schema.identityHash && serves(schema.UID));
}
