import type { KubeObject } from '@kcp-ts/api';
import { hasText, parseStored } from '@kcp-ts/storage';

/** On objects that other shards must know of: the reasons why. */
export const replicateAnnotation = 'internal.kcp.io/replicate';

/** Whether a stored object carries the annotation, without parsing those that cannot. */
export function isReplicated(value: Uint8Array): boolean {
  if (!hasText(value, replicateAnnotation)) return false;
  return parseStored<KubeObject>(value).metadata.annotations?.[replicateAnnotation] !== undefined;
}
