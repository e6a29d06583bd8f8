import type { Revision } from '@kcp-ts/api';
import { throwLater } from '@kcp-ts/base';

/** Tells each of them. One that throws does not keep it from the others. */
export function tellAll(senders: Iterable<(revision: Revision) => void>, revision: Revision): void {
  for (const send of senders) {
    try {
      send(revision);
    } catch (error) {
      throwLater(error);
    }
  }
}
