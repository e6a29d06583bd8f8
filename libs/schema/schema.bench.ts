/**
 * Prints one JSON line for each measurement. Run with `node --expose-gc
 * libs/schema/schema.bench.ts`.
 */
import type { JsonSchema } from '@kcp-ts/api';
import type { CompiledSchema } from './compile-schema.ts';
import { compileSchema } from './compile-schema.ts';

const fieldsOfSchema = 20;

/** Twenty fields of all kinds, different in each schema. */
function schemaOf(number: number): JsonSchema {
  const properties: Record<string, JsonSchema> = {};
  for (let index = 0; index < fieldsOfSchema / 5; index++) {
    properties[`text${index}`] = { type: 'string', maxLength: 40 + number, pattern: '^[a-z0-9-]+$' };
    properties[`count${index}`] = { type: 'integer', minimum: 0, maximum: 1000 + number };
    properties[`mode${index}`] = { type: 'string', enum: ['fast', 'slow'], default: 'fast' };
    properties[`map${index}`] = { type: 'object', additionalProperties: { type: 'string' } };
    properties[`list${index}`] = { type: 'array', items: { type: 'object', properties: { name: { type: 'string' } } } };
  }
  return { type: 'object', properties: { spec: { type: 'object', properties } } };
}

/** About 1 kB of JSON. */
function objectOf(): { [field: string]: unknown } {
  const spec: Record<string, unknown> = {};
  for (let index = 0; index < fieldsOfSchema / 5; index++) {
    spec[`text${index}`] = `some-text-${index}-and-more-of-it`;
    spec[`count${index}`] = index;
    spec[`map${index}`] = { one: 'a value', two: 'another value', three: 'a third one' };
    spec[`list${index}`] = [{ name: 'first-item' }, { name: 'second-item' }, { name: 'third-item' }];
  }
  return { apiVersion: 'bench.io/v1', kind: 'Bench', metadata: { name: 'bench' }, spec };
}

function microsecondsOf(runs: number, run: (index: number) => void): number {
  for (let index = 0; index < runs / 5; index++) run(index);
  const start = process.cpuUsage();
  for (let index = 0; index < runs; index++) run(index);
  const used = process.cpuUsage(start);
  return (used.user + used.system) / runs;
}

function print(name: string, value: number, unit: string): void {
  process.stdout.write(`${JSON.stringify({ bench: 'schema', name, value: Math.round(value * 1000) / 1000, unit })}\n`);
}

function useAll(compiled: CompiledSchema, object: object): void {
  compiled.decode(object);
  compiled.prune(object);
  compiled.applyDefaults(object);
  compiled.validate(object);
}

function main(): void {
  const schemas = Array.from({ length: 2000 }, (_, number) => schemaOf(number));
  const object = objectOf();
  print('object', JSON.stringify(object).length, 'bytes');
  const compileAll = (index: number): CompiledSchema => {
    const compiled = compileSchema(schemas[index % schemas.length] ?? {}, { dialect: 'custom' });
    useAll(compiled, object);
    return compiled;
  };
  print('compile and first use', microsecondsOf(schemas.length, compileAll), 'us');

  globalThis.gc?.();
  const before = process.memoryUsage().heapUsed;
  const held = schemas.map((_, index) => compileAll(index));
  globalThis.gc?.();
  print('heap per compiled schema', (process.memoryUsage().heapUsed - before) / held.length, 'bytes');

  const runs = 100_000;
  for (const dialect of ['custom', 'builtin'] as const) {
    const compiled = compileSchema(schemaOf(0), { dialect, kind: 'Bench' });
    print(
      `decode ${dialect}`,
      microsecondsOf(runs, () => compiled.decode(object)),
      'us',
    );
    print(
      `prune ${dialect}`,
      microsecondsOf(runs, () => compiled.prune(object)),
      'us',
    );
    print(
      `default ${dialect}`,
      microsecondsOf(runs, () => compiled.applyDefaults(object)),
      'us',
    );
    print(
      `validate ${dialect}`,
      microsecondsOf(runs, () => compiled.validate(object)),
      'us',
    );
    print(
      `validate update ${dialect}`,
      microsecondsOf(runs, () => compiled.validate(object, object)),
      'us',
    );
  }
  print(
    'hash',
    microsecondsOf(2000, (index) => compileSchema(schemas[index % 2000] ?? {}, { dialect: 'custom' }).hash),
    'us',
  );
}

main();
