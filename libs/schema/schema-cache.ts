import type { JsonSchema } from '@kcp-ts/api';
import { contentHash } from './canonical-json.ts';
import type { CompiledSchema, SchemaOptions } from './compile-schema.ts';
import { compileSchema } from './compile-schema.ts';

/**
 * Compiled schemas by content, shared by everybody who has an equal schema and dropped when nobody
 * holds them any more.
 */
export interface SchemaCache {
  /**
   * The one compiled schema for this content and these options; hold on to it for as long as you
   * use it.
   */
  compile(schema: JsonSchema, options: SchemaOptions): CompiledSchema;
  /** How many are held now; those that were dropped but not yet collected count. */
  readonly size: number;
}

export function createSchemaCache(): SchemaCache {
  const entries = new Map<string, WeakRef<CompiledSchema>>();
  // Most callers ask with a schema object they have asked with before: hashing it again would cost
  // more than compiling it.
  const known = new WeakMap<JsonSchema, Map<string, WeakRef<CompiledSchema>>>();
  const dropped = new FinalizationRegistry<string>((key) => {
    if (entries.get(key)?.deref() === undefined) entries.delete(key);
  });

  return {
    get size() {
      return entries.size;
    },
    compile(schema, options) {
      const { scale } = options;
      const paths =
        scale === undefined
          ? ''
          : [scale.specReplicasPath, scale.statusReplicasPath, scale.labelSelectorPath ?? ''].join(' ');
      const variant = `${options.dialect}/${options.kind ?? ''}/${paths}/${options.rules === true}`;
      let variants = known.get(schema);
      const direct = variants?.get(variant)?.deref();
      if (direct !== undefined) return direct;
      const hash = contentHash(schema);
      const key = `${hash}/${variant}`;
      let reference = entries.get(key);
      let compiled = reference?.deref();
      if (compiled === undefined || reference === undefined) {
        compiled = compileSchema(schema, options, hash);
        reference = new WeakRef(compiled);
        entries.set(key, reference);
        dropped.register(compiled, key);
      }
      if (variants === undefined) {
        variants = new Map();
        known.set(schema, variants);
      }
      variants.set(variant, reference);
      return compiled;
    },
  };
}
