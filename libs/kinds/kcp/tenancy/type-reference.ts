import type { Fields } from '@kcp-ts/schema/builder';
import { text } from '@kcp-ts/schema/builder';
import { pathPattern, typeNamePattern } from '../common/schemas.ts';

/** A WorkspaceType, by its name and the workspace it is in. */
export const typeReferenceFields: Fields = {
  name: text('Name of the WorkspaceType.', { pattern: typeNamePattern }),
  path: text('Path of its workspace; looked for from here upwards when empty.', { pattern: pathPattern }),
};
