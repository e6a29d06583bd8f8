import { create } from '@kcp-ts/registry';
import { asObject } from '../read-body.ts';
import type { ResourceCall } from '../resource-call.ts';
import { readWrite, respondWritten } from './write-call.ts';

/** POST to a collection. */
export async function handleCreate(call: ResourceCall): Promise<void> {
  const { write, body } = await readWrite(call, 'CreateOptions');
  const written = await create(call.deps.registry, write, asObject(body, call.served.definition), body.duplicates);
  return respondWritten(call, 201, written.value);
}
