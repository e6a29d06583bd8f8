/**
 * YAML bodies without holding the event loop: js-yaml takes some microseconds for each line, which
 * for a large definition is some hundred milliseconds. Short bodies are parsed at once; the others
 * go, one after the other, to a thread that is started when it is first needed and ended when
 * nothing has come for a while. One body may take a bounded time and memory there, and each user's
 * bodies take turns with those of the others.
 */
import { Worker } from 'node:worker_threads';
import { StatusError } from '@kcp-ts/api';
import type { Clock, Slices } from '@kcp-ts/base';
import { parseJson } from '@kcp-ts/base';
import { decodeJsonInSlices } from './decode-json.ts';
import type { Decoded, DecodeOptions } from './decode-options.ts';
import { decodeYaml, yamlParts } from './decode-yaml.ts';
import type { YamlJob, YamlOutcome } from './yaml-thread.ts';

export interface YamlDecoder extends Disposable {
  /**
   * Parses a body as `decodeYaml` does, at most `bytesMax` of JSON. `user`: whose body it is.
   * Rejects with BadRequest, RequestEntityTooLarge for what takes too much time or memory, and
   * TooManyRequests while too many bodies wait.
   */
  decode(body: Uint8Array, options: DecodeOptions, from: YamlSource): Promise<Decoded & { again(): unknown }>;
}

export interface YamlSource {
  readonly user: string;
  readonly bytesMax: number;
  readonly slices: Slices;
}

export interface YamlDecoderDependencies {
  readonly clock: Pick<Clock, 'setTimer'>;
  /** Milliseconds that one body may take. */
  readonly jobMs?: number;
}

/** What is parsed at once, in some milliseconds. */
const shortBytes = 64 * 1024;
const shortParts = 500;
/** 3 MiB of lists in lists took 150 MB; a thread that needs more is ended. */
const heapMb = 256;
const youngHeapMb = 8;
const jobMsDefault = 5_000;
/** The thread holds its code and a heap: some 20 MB. */
const idleMs = 10_000;
/** Bodies that wait, of all users and of one. */
const waitingMax = 64;
const waitingOfUserMax = 8;

/** Beside this file, as source or as what `make build` made of it. */
const threadUrl = new URL(import.meta.url.endsWith('.ts') ? 'yaml-thread.ts' : 'yaml-thread.js', import.meta.url);

interface Waiting {
  readonly job: YamlJob;
  done(outcome: YamlOutcome): void;
  failed(error: unknown): void;
}

function tooExpensive(): YamlOutcome {
  return {
    reason: 'RequestEntityTooLarge',
    message: 'Request entity is too large: the YAML takes too much time or memory to read; send JSON',
  };
}

/** Whose turn it is: users one after the other, each user's bodies in their order. */
function createQueue() {
  const byUser = new Map<string, Waiting[]>();
  let size = 0;
  let last: string | undefined;
  return {
    push(user: string, waiting: Waiting): void {
      const own = byUser.get(user);
      if (size >= waitingMax || (own?.length ?? 0) >= waitingOfUserMax)
        throw new StatusError('TooManyRequests', 'Too many requests, please try again later.', {
          retryAfterSeconds: 1,
        });
      size++;
      if (own === undefined) byUser.set(user, [waiting]);
      else own.push(waiting);
    },
    next(): Waiting | undefined {
      const [first, second] = byUser.keys();
      const user = first === last ? (second ?? first) : first;
      const own = user === undefined ? undefined : byUser.get(user);
      if (user === undefined || own === undefined) return undefined;
      const next = own.shift();
      byUser.delete(user);
      if (own.length > 0) byUser.set(user, own);
      last = user;
      size--;
      return next;
    },
  };
}

function startThread(): Worker {
  const limits = { maxOldGenerationSizeMb: heapMb, maxYoungGenerationSizeMb: youngHeapMb };
  // The program's own flags are for its event loop and its start.
  const worker = new Worker(threadUrl, { resourceLimits: limits, execArgv: [] });
  // A body that waits holds the process open by its connection.
  worker.unref();
  return worker;
}

export function createYamlDecoder({ clock, jobMs = jobMsDefault }: YamlDecoderDependencies): YamlDecoder {
  const queue = createQueue();
  let thread: Worker | undefined;
  let current: Waiting | undefined;
  let timer: Disposable | undefined;

  function setTimer(milliseconds: number, run: () => void): void {
    timer?.[Symbol.dispose]();
    timer = clock.setTimer(milliseconds, run);
  }

  function end(): void {
    timer?.[Symbol.dispose]();
    const ended = thread;
    thread = undefined;
    ended?.removeAllListeners();
    ended?.on('error', () => undefined);
    void ended?.terminate();
  }

  function settle(outcome: YamlOutcome): void {
    const settled = current;
    current = undefined;
    setTimer(idleMs, end);
    settled?.done(outcome);
    next();
  }

  /** The thread is gone, or is made to go: another one is started for the next body. */
  function giveUp(settled: (waiting: Waiting) => void): void {
    const given = current;
    current = undefined;
    end();
    if (given !== undefined) settled(given);
    next();
  }

  function start(): Worker {
    const started = startThread();
    started.on('message', settle);
    started.on('error', (error: NodeJS.ErrnoException) =>
      giveUp((waiting) =>
        error.code === 'ERR_WORKER_OUT_OF_MEMORY' ? waiting.done(tooExpensive()) : waiting.failed(error),
      ),
    );
    return started;
  }

  function next(): void {
    if (current !== undefined) return;
    current = queue.next();
    if (current === undefined) return;
    thread ??= start();
    setTimer(jobMs, () => giveUp((waiting) => waiting.done(tooExpensive())));
    thread.postMessage(current.job);
  }

  function parse(user: string, job: YamlJob): Promise<YamlOutcome> {
    return new Promise((done, failed) => {
      queue.push(user, { job, done, failed });
      next();
    });
  }

  return {
    async decode(body, options, { user, bytesMax, slices }) {
      if (body.length <= shortBytes && yamlParts(body, shortParts) <= shortParts)
        return { ...decodeYaml(body, options), again: () => decodeYaml(body, { strict: false }).value };
      const outcome = await parse(user, { body, options, jsonBytesMax: bytesMax });
      if ('reason' in outcome) throw new StatusError(outcome.reason, outcome.message);
      const { json, duplicates } = outcome;
      const { value } = await decodeJsonInSlices(json, { ...options, strict: false }, slices);
      return { value, duplicates, again: () => parseJson(Buffer.from(json).toString('utf8')) };
    },
    [Symbol.dispose]: end,
  };
}
