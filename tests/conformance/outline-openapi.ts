/**
 * What a client of an OpenAPI document goes by: paths with their methods, actions and kinds, and
 * the fields of every kind.
 */

type Json = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const methods = new Set(['get', 'put', 'post', 'delete', 'patch', 'options', 'head']);

function outlineOperation(operation: Json): Json {
  const { 'x-kubernetes-action': action, 'x-kubernetes-group-version-kind': kind } = operation;
  return { ...(action === undefined ? {} : { action }), ...(kind === undefined ? {} : { kind }) };
}

function outlinePaths(paths: Json): Json {
  const out: Record<string, unknown> = {};
  for (const [path, item] of Object.entries(paths)) {
    const operations = Object.entries(isObject(item) ? item : {}).filter(([method]) => methods.has(method));
    out[path] = Object.fromEntries(
      operations.map(([method, operation]) => [method, isObject(operation) ? outlineOperation(operation) : {}]),
    );
  }
  return out;
}

/**
 * Kinds by group, version and kind: what names their schemas have, and which helpers they share, is
 * the server's own affair.
 */
function outlineKinds(schemas: Json): Json {
  const out: Record<string, unknown> = {};
  for (const schema of Object.values(schemas)) {
    if (!isObject(schema)) continue;
    const kinds = schema['x-kubernetes-group-version-kind'];
    const [first, ...others] = Array.isArray(kinds)
      ? (kinds as { group: string; version: string; kind: string }[])
      : [];
    // Options and events are of every group.
    if (first === undefined || others.length > 0) continue;
    const { properties, required } = schema;
    out[`${first.group}/${first.version} ${first.kind}`] = {
      fields: Object.keys(isObject(properties) ? properties : {}).sort(),
      required,
    };
  }
  return out;
}

/** The outline of an OpenAPI v2 or v3 document. */
export function outlineOpenApi(document: unknown): unknown {
  if (!isObject(document)) return document;
  const { paths, components, definitions } = document;
  const schemas = isObject(components) ? components['schemas'] : definitions;
  return { paths: outlinePaths(isObject(paths) ? paths : {}), kinds: outlineKinds(isObject(schemas) ? schemas : {}) };
}
