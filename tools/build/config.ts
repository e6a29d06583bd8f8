import { homedir } from 'node:os';
import { join } from 'node:path';

/** Where programs are kept that take minutes to build. */
export const cacheFolder = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'kcp-ts');

/** What programs that are started inherit. */
export const environment: NodeJS.ProcessEnv = process.env;
