import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { JsonSchema } from '@kcp-ts/api';
import { StatusError } from '@kcp-ts/api';
import { load } from 'js-yaml';
import { describe, expect, it } from 'vitest';
import { applyJsonPatch } from './json-patch.ts';
import { applyMergePatch } from './merge-patch.ts';
import { applyStrategicMergePatch } from './strategic-merge-patch.ts';

const root = join(import.meta.dirname, 'testdata');

const schema: JsonSchema = {
  type: 'object',
  properties: {
    spec: {
      type: 'object',
      properties: {
        ports: {
          type: 'array',
          items: { type: 'object' },
          'x-kubernetes-patch-strategy': 'merge',
          'x-kubernetes-patch-merge-key': 'port',
        },
      },
    },
  },
};

const engines: Record<string, (object: unknown, patch: unknown) => unknown> = {
  json: applyJsonPatch,
  merge: applyMergePatch,
  strategic: (object, patch) => applyStrategicMergePatch(object, patch, schema),
};

function read(folder: string, name: string): unknown {
  return load(readFileSync(join(folder, `${name}.yaml`), 'utf8'));
}

function outcome(apply: () => unknown): unknown {
  try {
    return apply();
  } catch (thrown) {
    if (!(thrown instanceof StatusError)) throw thrown;
    return { code: thrown.code, message: thrown.message };
  }
}

for (const [engine, apply] of Object.entries(engines)) {
  describe(engine, () => {
    for (const name of readdirSync(join(root, engine))) {
      it(name.replaceAll('-', ' '), () => {
        const folder = join(root, engine, name);
        const [live, patch] = [read(folder, 'live'), read(folder, 'patch')];
        const before = JSON.stringify([live, patch]);
        expect(outcome(() => apply(live, patch))).toEqual(
          read(folder, existsSync(join(folder, 'error.yaml')) ? 'error' : 'result'),
        );
        expect(JSON.stringify([live, patch])).toBe(before);
      });
    }
  });
}
