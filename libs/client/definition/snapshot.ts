/**
 * `crd snapshot`: the APIResourceSchemas that say what CustomResourceDefinitions say. It asks no
 * server.
 */
import { readFile } from 'node:fs/promises';
import { decodeYaml, formatYaml } from '@kcp-ts/http';

export interface SnapshotOptions {
  /** A file, or `-` for standard input. */
  readonly file: string;
  /** What the names of the schemas begin with; a date or a version, as a schema never changes. */
  readonly prefix: string;
  readonly output: 'yaml' | 'json';
}

type Fields = Readonly<Record<string, unknown>>;

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function fieldsOf(value: unknown): Fields {
  return isFields(value) ? value : {};
}

function versionOf(version: Fields): Fields {
  const { schema, ...others } = version;
  const { openAPIV3Schema } = fieldsOf(schema);
  return { ...others, schema: openAPIV3Schema ?? {} };
}

/**
 * The APIResourceSchema of a CRD, called `<prefix>.<plural>.<group>`. Throws an Error for anything
 * else.
 */
export function snapshot(definition: unknown, prefix: string): Fields {
  const { apiVersion, kind, metadata, spec } = fieldsOf(definition);
  if (apiVersion !== 'apiextensions.k8s.io/v1' || kind !== 'CustomResourceDefinition')
    throw new Error(`not a CustomResourceDefinition of apiextensions.k8s.io/v1: ${apiVersion}, Kind=${kind}`);
  const { group, names, scope, versions, conversion } = fieldsOf(spec);
  const { strategy = 'None' } = fieldsOf(conversion);
  return {
    apiVersion: 'apis.kcp.io/v1alpha1',
    kind: 'APIResourceSchema',
    metadata: { name: `${prefix}.${String(fieldsOf(metadata)['name'])}` },
    spec: {
      group,
      names,
      scope,
      versions: (Array.isArray(versions) ? versions : []).map((version) => versionOf(fieldsOf(version))),
      ...(strategy === 'None' ? {} : { conversion }),
    },
  };
}

/** Prints one document for each that the file holds, each with `---` behind it. */
export async function printSnapshots(
  { file, prefix, output }: SnapshotOptions,
  print: (line: string) => void,
): Promise<void> {
  const text = await readFile(file === '-' ? '/dev/stdin' : file, 'utf8');
  for (const document of text.split(/^---(?:[ \t].*)?$/m)) {
    // Nothing but comments.
    if (document.split('\n').every((line) => /^\s*(?:#|$)/.test(line))) continue;
    const made = snapshot(decodeYaml(Buffer.from(document), { strict: false }).value, prefix);
    print(output === 'json' ? JSON.stringify(made, undefined, 4) : formatYaml(made).trimEnd());
    print('---');
  }
}
