import type { KubeObject } from '@kcp-ts/api';
import { isJsonObject } from '../json-value.ts';
import { crdVersionsOf, objectAt, textAt, textsAt } from './definition-fields.ts';

/**
 * Fills in, in place, what Kubernetes fills in: singular and listKind, the conversion strategy, and
 * the storage version as a stored one.
 */
export function defaultCustomResourceDefinition(object: KubeObject): void {
  const spec = objectAt(object, 'spec');
  if (spec === undefined) return;
  const names = objectAt(spec, 'names');
  if (names !== undefined) {
    const kind = textAt(names, 'kind');
    if (textAt(names, 'singular') === '' && kind !== '') names['singular'] = kind.toLowerCase();
    if (textAt(names, 'listKind') === '' && kind !== '') names['listKind'] = `${kind}List`;
  }
  if (objectAt(spec, 'conversion') === undefined) spec['conversion'] = { strategy: 'None' };

  const status = isJsonObject(object['status']) ? object['status'] : {};
  object['status'] = status;
  status['conditions'] ??= null;
  status['acceptedNames'] ??= { plural: '', kind: '' };
  const stored = textsAt(status, 'storedVersions');
  const storage = crdVersionsOf(spec).find((version) => version.storage);
  status['storedVersions'] =
    storage === undefined || stored.includes(storage.name) ? stored : [...stored, storage.name];
}
