/** The configuration of the installation's NATS server: loopback alone, a user for each part, and what each may publish. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writePrivateFile } from '@kcp-ts/base';
import { natsPermissions } from '@kcp-ts/bus';
import { natsConfigPath } from './commands.ts';
import { natsPasswordPath } from './credentials.ts';
import type { Layout } from './layout.ts';
import { partOf, shardNameOf } from './layout.ts';
