/** Schemas by content: compiled once for everybody who has the same one, dropped when nobody has it any more. */
import type { JsonSchema } from '@kcp-ts/meta';
import type { CompiledSchema, CompileOptions } from './compile-schema.ts';
import { compileSchema, schemaHash } from './compile-schema.ts';

export interface SchemaCache {
  compile(schema: JsonSchema, options: CompileOptions): CompiledSchema;
  size(): number;
}

export function createSchemaCache(): SchemaCache {
  const known = new Map<string, WeakRef<CompiledSchema>>();
  const gone = new FinalizationRegistry<string>((hash) => {
    if (known.get(hash)?.deref() === undefined) known.delete(hash);
  });
  return {
    compile(schema, options) {
      const hash = schemaHash(schema, options);
      const found = known.get(hash)?.deref();
      if (found !== undefined) return found;
      const compiled = compileSchema(schema, options);
      known.set(hash, new WeakRef(compiled));
      gone.register(compiled, hash);
      return compiled;
    },
    size: () => known.size,
  };
}
