import type { KubeObject } from '@kcp-ts/api';
import { update } from '@kcp-ts/registry';
import { asObject } from '../read-body.ts';
import type { ResourceCall } from '../resource-call.ts';
import { readWrite, respondWritten } from './write-call.ts';

/** PUT of one object or of its status. */
export async function handleUpdate(call: ResourceCall): Promise<void> {
  const { write, body } = await readWrite(call, 'UpdateOptions');
  // The registry changes what it is given; after a conflict it begins again from what was sent.
  let fresh: KubeObject | undefined = asObject(body, call.served.definition);
  const written = await update(call.deps.registry, {
    ...write,
    name: call.api.name,
    replaces: true,
    authorizeCreate: () => call.authorizeCreate(),
    change() {
      const object = fresh ?? (body.again() as KubeObject);
      fresh = undefined;
      return { object, duplicates: body.duplicates };
    },
  });
  return respondWritten(call, written.created ? 201 : 200, written.value);
}
