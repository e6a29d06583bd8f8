import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { mappingOf, readMappings } from './mapping.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mapping-'));
  for (const name of ['ca', 'cert', 'key']) await writeFile(join(folder, name), `pem of ${name}`);
});
afterEach(() => rm(folder, { recursive: true }));

async function read(text: string) {
  const path = join(folder, 'mapping.yaml');
  await writeFile(path, text.replaceAll('FOLDER', folder));
  return readMappings(path);
}

const files =
  '  backend_server_ca: FOLDER/ca\n  proxy_client_cert: FOLDER/cert\n  proxy_client_key: FOLDER/key\n  user_header: X-Remote-User\n';

it('takes the longest path that a request falls under, by whole segments', async () => {
  const mappings = await read(
    `- path: /services/\n  backend: https://a:1\n${files}- path: /services/apiexport\n  backend: https://b:1\n${files}`,
  );
  const of = (path: string) => mappingOf(mappings, path)?.backend;
  expect(of('/services/x')).toBe('https://a:1');
  expect(of('/services/apiexport')).toBe('https://b:1');
  expect(of('/services/apiexport/a')).toBe('https://b:1');
  expect(of('/services/apiexports')).toBe('https://a:1');
  expect(of('/other')).toBeUndefined();
  expect(mappings[0]?.tls).toEqual({ ca: 'pem of ca', cert: 'pem of cert', key: 'pem of key' });
});

it('says which entry lacks what', async () => {
  await expect(read(`- path: /a\n${files}`)).rejects.toThrow('entry 1 of the mapping file needs backend');
  await expect(read('a: b')).rejects.toThrow('not a list');
  expect(await readMappings('')).toEqual([]);
});
