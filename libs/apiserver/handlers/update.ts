import type { KubeObject } from '@kcp-ts/meta';
import { StatusError } from '@kcp-ts/meta';
import { update } from '@kcp-ts/registry';
import { asObject, readBody } from '../read-body.ts';
import type { ResourceCall } from '../resource-call.ts';
import { respondWritten, writeRequest } from './write-call.ts';

/** Wrong whether or not there is an object of the URL's name. */
function checkName({ metadata }: Partial<KubeObject>, name: string): void {
  const sent = metadata?.name;
  if (sent !== undefined && sent !== '' && sent !== name)
    throw StatusError.badRequest(`the name of the object (${sent}) does not match the name on the URL (${name})`);
}

/** PUT of one object or of its status. */
export async function handleUpdate(call: ResourceCall): Promise<void> {
  const write = writeRequest(call, 'UpdateOptions');
  const body = await readBody(
    call.request,
    call.needs,
    write.fieldValidation !== 'Ignore',
    call.served.row.kind,
    write.slices,
  );
  // The registry changes what it is given; a lost turn begins again from what was sent.
  let fresh: KubeObject | undefined = asObject(body, call.served.row.kind);
  checkName(fresh, call.api.name);
  const written = await update(call.needs.registry, {
    ...write,
    name: call.api.name,
    replaces: true,
    change() {
      const object = fresh ?? (body.again() as KubeObject);
      fresh = undefined;
      return { object, duplicates: body.duplicates };
    },
  });
  return respondWritten(call, 200, written.value);
}
