/**
 * The thread in which long YAML bodies are parsed (`yaml-decoder.ts` starts it): one body after the
 * other. The value goes back as JSON, which the event loop that waits for it reads many times
 * faster than YAML.
 */
import { parentPort } from 'node:worker_threads';
import { StatusError } from '@kcp-ts/api';
import type { DecodeOptions } from './decode-options.ts';
import { decodeYaml } from './decode-yaml.ts';

export interface YamlJob {
  readonly body: Uint8Array;
  readonly options: DecodeOptions;
  /** Of the JSON that the body says. */
  readonly jsonBytesMax: number;
}

export type YamlOutcome =
  | { readonly json: Uint8Array; readonly duplicates: readonly string[] }
  | { readonly reason: 'BadRequest' | 'RequestEntityTooLarge'; readonly message: string };

function outcomeOf({ body, options, jsonBytesMax }: YamlJob): YamlOutcome {
  try {
    const { value, duplicates } = decodeYaml(body, options);
    const json = Buffer.from(JSON.stringify(value));
    if (json.length <= jsonBytesMax) return { json, duplicates };
    const message = `Request entity is too large: limit is ${jsonBytesMax}`;
    return { reason: 'RequestEntityTooLarge', message };
  } catch (thrown) {
    if (!(thrown instanceof StatusError)) throw thrown;
    const reason = thrown.reason === 'RequestEntityTooLarge' ? thrown.reason : 'BadRequest';
    return { reason, message: thrown.message };
  }
}

parentPort?.on('message', (job: YamlJob) => parentPort?.postMessage(outcomeOf(job)));
