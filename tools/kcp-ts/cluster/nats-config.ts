/**
 * The configuration of the installation's NATS server: loopback alone, a user for each part, and
 * what each may publish.
 */
import { readFile } from 'node:fs/promises';
import { writePrivateFile } from '@kcp-ts/base';
import { natsPermissions } from '@kcp-ts/bus';
import { natsConfigPath } from './commands.ts';
import { natsPasswordPath } from './credentials.ts';
import type { Layout } from './layout.ts';
import { partOf, shardNameOf } from './layout.ts';

/** Every JSON text is a text of NATS's configuration language. */
export async function writeNatsConfig(layout: Layout): Promise<void> {
  const { folder, parts } = layout;
  const services = parts.filter(({ kind }) => kind !== 'etcd' && kind !== 'nats');
  const users = await Promise.all(
    services.map(async (part) => {
      return {
        user: part.name,
        password: await readFile(natsPasswordPath(folder, part), 'utf8'),
        permissions: natsPermissions(part.kind === 'shard' ? shardNameOf(part) : undefined),
      };
    }),
  );
  const config = {
    host: '127.0.0.1',
    port: partOf(layout, 'nats').port,
    server_name: 'kcp',
    authorization: { users },
  };
  await writePrivateFile(natsConfigPath(folder), `${JSON.stringify(config, undefined, 2)}\n`);
}
