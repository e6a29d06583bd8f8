/** What the tests of the two documents share: their files, and how their objects are read back. */
import { join } from 'node:path';
import type { Terminal } from './kubectl.ts';

export const seed = (name: string) => join(import.meta.dirname, 'seeds', name);
export const first = {
  schema: seed('widgets-schema.yaml'),
  export: seed('widgets-export.yaml'),
  claims: seed('widgets-export-with-claims.yaml'),
};
export const widget = (name: string) =>
  `apiVersion: example.kcp.dev/v1alpha1\nkind: Widget\nmetadata: {name: ${name}}\n`;

export function bindingTo(path: string, claims: readonly object[] = []): string {
  const reference = { workspace: { path, exportName: 'example.kcp.dev' } };
  const spec = { reference, ...(claims.length === 0 ? {} : { permissionClaims: claims }) };
  return JSON.stringify({
    apiVersion: 'apis.kcp.dev/v1alpha1',
    kind: 'APIBinding',
    metadata: { name: 'widgets' },
    spec,
  });
}

export async function readBack(terminal: Terminal, plural: string, name: string): Promise<unknown> {
  return JSON.parse(await terminal.ok(`get ${plural}.v1alpha1.apis.kcp.dev ${name} -o json`));
}

export async function contentUrl(terminal: Terminal, name: string): Promise<string> {
  return terminal.until(
    `get apiexportendpointslice ${name} -o jsonpath={.status.endpoints[0].url}`,
    (url) => url !== '',
  );
}
