/** `deploy/compose.yaml`, which is for those who have a container engine. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { root } from '@kcp-ts/build';
import { services } from '@kcp-ts/kcp-ts';
import { load } from 'js-yaml';
import { expect, it } from 'vitest';

interface Compose {
  readonly services: Readonly<Record<string, { readonly image: string; readonly command: readonly string[] }>>;
}

it('starts programs that there are, with flags that they take', async () => {
  const compose = load(await readFile(join(root, 'deploy/compose.yaml'), 'utf8')) as Compose;
  const { version } = JSON.parse(await readFile(join(root, 'tools/build/package.json'), 'utf8')) as { version: string };
  for (const { image, command } of Object.values(compose.services)) {
    const [name = '', ...args] = command;
    expect(image).toBe(`kcp-ts:${version}`);
    expect(await services[name]?.().then((service) => service.readConfig(args, {}))).toMatchObject({ kind: 'config' });
  }
});
