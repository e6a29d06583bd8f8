import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { connect } from './connection.ts';
import { kubeconfigPaths, loadKubeconfig } from './kubeconfig.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kcp-ts-kubeconfig-'));
});

afterEach(async () => await rm(folder, { recursive: true }));

it('the flag wins over KUBECONFIG, which wins over the home folder', () => {
  expect(kubeconfigPaths('/flag', '/a:/b', '/home/me')).toEqual(['/flag']);
  expect(kubeconfigPaths(undefined, '/a::/b', '/home/me')).toEqual(['/a', '/b']);
  expect(kubeconfigPaths(undefined, undefined, '/home/me')).toEqual(['/home/me/.kube/config']);
});

it('an entry goes back to the file it came from, a new one to the first file there is', async () => {
  const [missing, first, second] = [join(folder, 'missing'), join(folder, 'first'), join(folder, 'second')];
  await writeFile(first, 'clusters: [{name: a, cluster: {server: one}}]\nextensions: [kept]\n');
  await writeFile(
    second,
    'current-context: x\nclusters: [{name: a, cluster: {server: shadowed}}, {name: b, cluster: {server: two}}]\n',
  );
  const config = await loadKubeconfig([missing, first, second]);
  expect(config.get('clusters', 'a')).toEqual({ server: 'one' });
  config.set('clusters', 'b', { server: 'three' });
  config.set('users', 'new', { token: 'yes' });
  config.useContext('other');
  await config.save();
  expect(await readdir(folder)).toEqual(['first', 'second']);
  expect(await readFile(first, 'utf8')).toBe(
    "clusters:\n  - name: a\n    cluster:\n      server: one\nextensions:\n  - kept\nusers:\n  - name: new\n    user:\n      token: 'yes'\n",
  );
  expect((await readFile(second, 'utf8')).includes('current-context: other')).toBe(true);
  expect((await loadKubeconfig([second])).get('clusters', 'b')).toEqual({ server: 'three' });
});

it('inline credentials win over files, and files are found from the folder of the kubeconfig', async () => {
  const inline = Buffer.from('inline ca').toString('base64');
  await writeFile(join(folder, 'client.crt'), 'client certificate');
  await writeFile(
    join(folder, 'config'),
    `{"current-context":"c","contexts":[{"name":"c","context":{"cluster":"c","user":"u"}}],
"clusters":[{"name":"c","cluster":{"server":"https://localhost:6443/","certificate-authority":"none","certificate-authority-data":"${inline}"}}],
"users":[{"name":"u","user":{"client-certificate":"client.crt"}}]}`,
  );
  const { server, http } = await connect(await loadKubeconfig([join(folder, 'config')]), {});
  expect({ server, ca: http.ca, cert: http.cert }).toEqual({
    server: 'https://localhost:6443',
    ca: 'inline ca',
    cert: 'client certificate',
  });
});

it('a user whose credentials come from another program is refused by name', async () => {
  await writeFile(join(folder, 'config'), 'users: [{name: u, user: {exec: {command: login}}}]\n');
  const config = await loadKubeconfig([join(folder, 'config')]);
  await expect(connect(config, { user: 'u', server: 'https://localhost' })).rejects.toThrow(
    'user "u" gets its credentials from another program',
  );
  await expect(connect(config, { user: 'v', server: 'https://localhost' })).rejects.toThrow('user "v" does not exist');
});
