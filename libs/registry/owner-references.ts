/** What apimachinery's handlers do with owner references that occur again. */
import type { KubeObject } from '@kcp-ts/api';

/** As many repeated owners are named. */
const namedMax = 100;

/** Drops references that occur again, and warns of them. */
export function dropRepeatedOwners({ metadata }: KubeObject, request: { warn(text: string): void }): void {
  const { ownerReferences } = metadata;
  if (ownerReferences === undefined || ownerReferences.length < 2) return;
  const seen = new Set<string>();
  const repeated: string[] = [];
  metadata.ownerReferences = ownerReferences.filter((owner) => {
    const { apiVersion, kind, name, uid, controller, blockOwnerDeletion } = owner;
    const text = JSON.stringify([apiVersion, kind, name, uid, controller, blockOwnerDeletion]);
    if (seen.has(text)) repeated.push(uid);
    return seen.size < seen.add(text).size;
  });
  if (repeated.length > 0)
    request.warn(
      `.metadata.ownerReferences contains duplicate entries; API server dedups owner references in 1.20+, and may reject such requests as early as 1.24; please fix your requests; duplicate UID(s) observed: ${repeated.slice(0, namedMax).join(', ')}`,
    );
}
