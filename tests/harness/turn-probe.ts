/** Loaded into a spawned server with `--import`: whenever the test asks, it says how long the longest turn of the server's event loop was since it asked last. */
import { isMainThread } from 'node:worker_threads';
import { createTurnMeter, mainThreadTimes } from './turn-meter.ts';

if (isMainThread && process.send !== undefined) {
  const meter = createTurnMeter(mainThreadTimes);
  process.on('message', () => process.send?.(meter.longest()));
  process.channel?.unref();
}
