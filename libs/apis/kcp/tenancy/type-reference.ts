import type { Fields } from '../../schema-builder.ts';
import { text } from '../../schema-builder.ts';
import { pathPattern, typeNamePattern } from '../common-schemas.ts';

/** A WorkspaceType, by its name and the workspace it is in. */
export const typeReferenceFields: Fields = {
  name: text('Name of the WorkspaceType.', { pattern: typeNamePattern }),
  path: text('Path of its workspace; looked for from here upwards when empty.', { pattern: pathPattern }),
};
