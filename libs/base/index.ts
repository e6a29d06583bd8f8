export type { Clock } from './clock.ts';
export { createSystemClock, pauseOn } from './clock.ts';
export { isIP, isIPv4, isIPv6 } from './ip.ts';
export { readFileIfThere, writePrivateFile } from './private-files.ts';
export type { Random } from './random.ts';
export { createSystemRandom } from './random.ts';
export type { ReleaseMemoryNeeds } from './release-memory.ts';
export { processMemory, releaseMemory } from './release-memory.ts';
export { unreachable } from './unreachable.ts';
