import { readFile } from 'node:fs/promises';

/**
 * Another one after each start of the machine. Without one, each start of the process counts as
 * that of another boot: the mirror is read again.
 */
export async function bootId(): Promise<string> {
  const id = await readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => String(process.pid));
  return id.trim();
}
