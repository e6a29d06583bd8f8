/** Checks what clients and watchers received against itself. */
import { checkObject } from './check-object.ts';
import { checkWatcher } from './check-watcher.ts';
import type { History } from './history.ts';
import { readVersions } from './object-versions.ts';

/**
 * What is wrong with a history; nothing, in a good end. Every object is linearizable (so nothing
 * that was acknowledged is lost, and nothing is done twice), provided that the history ends with a
 * read of every object; and every watcher was shown every version of what it watches, in order, or
 * got an explicit end.
 */
export function checkHistory(history: History): readonly string[] {
  const wrong: string[] = [];
  const versions = readVersions(history, wrong);
  for (const object of versions.values()) wrong.push(...checkObject(object));
  for (const watcher of history.watchers) wrong.push(...checkWatcher(watcher, versions));
  return wrong;
}
