/**
 * Loaded into a server with `--import`: a test that connects to its socket and names a cause lets
 * an error happen in the running program that nobody catches.
 */
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { stat } from 'node:fs';
import type { Socket } from 'node:net';
import { createServer } from 'node:net';
import { text } from 'node:stream/consumers';
import { setTimeout as pause } from 'node:timers/promises';
import { isMainThread } from 'node:worker_threads';
import { faultsFolder } from './config.ts';
import type { FaultCause } from './faults.ts';
import { faultsSocket } from './faults.ts';

const connections = 'net.server.socket';

function failIn(cause: FaultCause): () => never {
  return () => {
    throw new Error(`a test lets this happen: ${cause}`);
  };
}

const causes: Readonly<Record<FaultCause, (fail: () => never) => unknown>> = {
  timer: (fail) => void setTimeout(fail, 1),
  interval(fail) {
    const timer = setInterval(() => {
      clearInterval(timer);
      fail();
    }, 1);
  },
  immediate: (fail) => void setImmediate(fail),
  microtask: (fail) => queueMicrotask(fail),
  callback: (fail) => stat('/', fail),
  connection(fail) {
    const opened = (message: unknown) => {
      const { socket } = message as { readonly socket: Socket };
      // Not a connection to the probe itself.
      if (socket.remotePort !== undefined) socket.once('close', closed);
    };
    let failed = false;
    const closed = () => {
      unsubscribe(connections, opened);
      if (failed) return;
      failed = true;
      fail();
    };
    subscribe(connections, opened);
  },
  signal(fail) {
    const controller = new AbortController();
    controller.signal.addEventListener('abort', fail);
    setImmediate(() => controller.abort());
  },
  rejection: (fail) => void Promise.resolve().then(fail),
  async asynchronous(fail) {
    await pause(1);
    fail();
  },
};

if (isMainThread && faultsFolder !== undefined) {
  createServer({ allowHalfOpen: true }, (socket) => {
    void text(socket).then((cause) => {
      causes[cause as FaultCause](failIn(cause as FaultCause));
      socket.end();
    });
  })
    .listen(faultsSocket(faultsFolder, process.pid))
    .unref();
}
