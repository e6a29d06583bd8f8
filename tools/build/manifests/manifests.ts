/** Texts of several YAML documents. */
import { decodeYaml, formatYaml } from '@kcp-ts/http';
import type { KubernetesObject } from './kubernetes-object.ts';

/** The objects of a text of several documents; those that are empty are left out. */
export function readManifests(text: string): readonly KubernetesObject[] {
  return text
    .split(/^---.*$/m)
    .map((document) => decodeYaml(Buffer.from(document), { strict: true }))
    .map(({ value, duplicates: [doubled] }) => {
      if (doubled !== undefined) throw new Error(`${doubled} is there twice`);
      return value;
    })
    .filter((value) => value !== null && value !== undefined) as unknown as readonly KubernetesObject[];
}

export function writeManifests(objects: readonly unknown[]): string {
  return objects.map((object) => formatYaml(object)).join('---\n');
}
