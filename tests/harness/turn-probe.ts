/**
 * Loaded into a server with `--import`: a client of its socket gets how long the longest turn of
 * its event loop was since somebody asked last.
 */
import { createServer } from 'node:net';
import { isMainThread } from 'node:worker_threads';
import { turnsFolder } from './config.ts';
import { createTurnMeter, mainThreadTimes } from './turn-meter.ts';
import { turnsSocket } from './turns.ts';

if (isMainThread && turnsFolder !== undefined) {
  const meter = createTurnMeter(mainThreadTimes);
  createServer((socket) => {
    // The asker may have gone.
    socket.on('error', () => undefined);
    socket.end(String(meter.longest()));
  })
    .listen(turnsSocket(turnsFolder, process.pid))
    .unref();
}
