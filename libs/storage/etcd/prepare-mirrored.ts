import { nextTurn } from '@kcp-ts/base';
import type { Backend } from '../engine/backend.ts';
import { compileRange } from '../key-range.ts';
import type { ValueTransformer } from '../value-transformer.ts';

const batchValues = 500;
const all = compileRange({ prefix: '' });

/**
 * Resolves when all that a mirror has can be read: what it took before a key management service was
 * configured was not asked for. Nothing is looked at where there is no such service.
 */
export async function prepareMirrored(
  mirror: Pick<Backend, 'walk'>,
  transformer: ValueTransformer | undefined,
): Promise<void> {
  if (transformer?.asksForKeys() !== true) return;
  let after: string | undefined;
  for (;;) {
    const stored: Uint8Array[] = [];
    let last: string | undefined;
    mirror.walk(all, after, ({ key, value }) => {
      last = key;
      return stored.push(value) < batchValues;
    });
    if (last === undefined) return;
    await transformer.prepare(stored);
    after = last;
    await new Promise<void>((resolve) => nextTurn(resolve));
  }
}
