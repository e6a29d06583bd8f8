import { create } from '@kcp-ts/registry';
import { asObject, readBody } from '../read-body.ts';
import type { ResourceCall } from '../resource-call.ts';
import { respondWritten, writeRequest } from './write-call.ts';

/** POST to a collection. */
export async function handleCreate(call: ResourceCall): Promise<void> {
  const write = writeRequest(call, 'CreateOptions');
  const body = await readBody(
    call.request,
    call.deps,
    write.fieldValidation !== 'Ignore',
    call.served.definition.kind,
    write.slices,
  );
  const written = await create(call.deps.registry, write, asObject(body, call.served.definition), body.duplicates);
  return respondWritten(call, 201, written.value);
}
