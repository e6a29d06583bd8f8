import type { RegistryDependencies } from './registry-dependencies.ts';
import { writeContext } from './write-path.ts';
import type { WriteRequest } from './write-request.ts';

/** A connection has no options of a write, and is never a dry run. */
export interface ConnectRequest extends Omit<WriteRequest, 'dryRun' | 'fieldValidation' | 'objectFilter'> {
  readonly name: string;
}

/**
 * Asks admission whether a connection may be opened. Throws the StatusError of the plugin that
 * refuses it.
 */
export async function admitConnect(deps: RegistryDependencies, request: ConnectRequest): Promise<void> {
  const context = writeContext(deps, { ...request, dryRun: false, fieldValidation: 'Ignore' });
  const { name } = request;
  const attributes = { ...context, operation: 'CONNECT', name, object: undefined, oldObject: undefined } as const;
  await deps.admission.admit(attributes, () => undefined);
  await deps.admission.validate(attributes);
}
