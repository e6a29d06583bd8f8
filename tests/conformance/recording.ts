/**
 * Recorded answers of a running kcp, as their folder holds them: one request with its answer a
 * file, in the order of `order.txt`.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

export interface RecordedRequest {
  readonly method: string;
  readonly path: string;
  /** `admin`, `shard`, `a token` (a wrong one) or `none`. */
  readonly as: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

export interface RecordedAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** JSON; a list of events for a watch; text; `{base64}` for protobuf. */
  readonly body: unknown;
}

export interface Recording {
  /** Folder and file without its ending: `errors/not-found`. */
  readonly name: string;
  readonly request: RecordedRequest;
  readonly response: RecordedAnswer;
}

export async function loadRecordings(folder: string): Promise<Recording[]> {
  const names = (await readFile(join(folder, 'order.txt'), 'utf8')).split('\n').filter((name) => name !== '');
  return Promise.all(
    names.map(async (name) => {
      const { request, response } = JSON.parse(await readFile(join(folder, `${name}.json`), 'utf8')) as Omit<
        Recording,
        'name'
      >;
      return { name, request, response };
    }),
  );
}
