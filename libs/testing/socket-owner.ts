/** Which process has a connection on loopback, as Linux tells. */
import { readdir, readFile, readlink } from 'node:fs/promises';

const inodeColumn = 9;

async function inodeOf(localPort: number, remotePort: number): Promise<string | undefined> {
  const port = (number: number) => `:${number.toString(16).toUpperCase().padStart(4, '0')}`;
  const table = await readFile('/proc/net/tcp', 'utf8');
  for (const line of table.split('\n')) {
    const columns = line.trim().split(/\s+/);
    if (columns[1]?.endsWith(port(localPort)) && columns[2]?.endsWith(port(remotePort))) return columns[inodeColumn];
  }
  return undefined;
}

async function hasSocket(pid: number, inode: string): Promise<boolean> {
  const folder = `/proc/${pid}/fd`;
  const wanted = `socket:[${inode}]`;
  for (const name of await readdir(folder).catch(() => []))
    if ((await readlink(`${folder}/${name}`).catch(() => '')) === wanted) return true;
  return false;
}

/**
 * The process, of these, that opened the connection from `localPort` to `remotePort`; undefined
 * where it is none of them.
 */
export async function ownerOfConnection(
  localPort: number,
  remotePort: number,
  pids: readonly number[],
): Promise<number | undefined> {
  const inode = await inodeOf(localPort, remotePort);
  if (inode === undefined) return undefined;
  for (const pid of pids) if (await hasSocket(pid, inode)) return pid;
  return undefined;
}
