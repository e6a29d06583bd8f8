/**
 * Sends the recorded requests to a server of the test's own, in their order, and says where its
 * answers differ.
 */
import type { Answer, ApiClient } from '../harness/api-client.ts';
import { decodeProtobuf, protobufType } from '../harness/protobuf.ts';
import type { TestServer } from '../harness/server.ts';
import type { Difference } from './compare.ts';
import { compare } from './compare.ts';
import { levelBody } from './level.ts';
import { outlineOpenApi } from './outline-openapi.ts';
import type { RecordedRequest, Recording } from './recording.ts';
import type { StepContext } from './steps.ts';
import { prepare } from './steps.ts';

/** How long a GET may take to become as recorded. */
const patienceMs = 5_000;
const pauseMs = 25;

function withoutRules(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutRules);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, inner]) =>
      key === 'x-kubernetes-validations' ? [] : [[key, withoutRules(inner)]],
    ),
  );
}

/** Two bodies are recorded as a description of what was sent. */
function bodyOf({ name, request: { body } }: Recording): unknown {
  const size = typeof body === 'string' ? /^a ConfigMap with one value of (\d+) bytes$/.exec(body)?.[1] : undefined;
  if (size !== undefined)
    return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'big' }, data: { a: 'x'.repeat(Number(size)) } };
  return name.endsWith('-cel') ? body : withoutRules(body);
}

function isProtobuf(headers: Readonly<Record<string, string | readonly string[] | undefined>>): boolean {
  return headers['content-type'] === protobufType;
}

function recordedBody({ headers, body }: Recording['response']): unknown {
  if (!isProtobuf(headers)) return body;
  return decodeProtobuf(Buffer.from((body as { readonly base64: string }).base64, 'base64'));
}

function parseAnswer(answer: Answer<unknown>, watch: boolean): unknown {
  if (isProtobuf(answer.headers)) return decodeProtobuf(answer.bytes);
  if (!watch) return answer.body;
  const lines = answer.text.split('\n').filter((line) => line !== '');
  return lines.length === 0 ? '' : lines.map((line) => JSON.parse(line) as unknown);
}

const comparedHeaders = ['content-type', 'warning', 'retry-after'];

function headersOf(headers: Readonly<Record<string, string | readonly string[] | undefined>>): unknown {
  return Object.fromEntries(
    comparedHeaders.flatMap((name) => (headers[name] === undefined ? [] : [[name, String(headers[name])]])),
  );
}

export interface Replay {
  /**
   * Does what comes before a recording, sends it unless it is not to be sent, and learns from the
   * answer what later ones need. A GET is sent again for a moment while its differences are not
   * `settled`: controllers had finished when it was recorded.
   */
  send(
    recording: Recording,
    sending: boolean,
    settled: (found: readonly Difference[]) => boolean,
  ): Promise<readonly Difference[]>;
}

export function createReplay(server: TestServer): Replay {
  const sent = new Map<string, string>();
  const recordedClusters = new Map<string, string>();
  const ourClusters = new Map<string, string>();
  const nobody = server.client({});
  const wrong = server.client({ token: 'wrong' });
  const context: StepContext = {
    server,
    replace: (recorded, ours) => void sent.set(recorded, ours),
    learnCluster(recorded, ours) {
      sent.set(recorded, ours);
      recordedClusters.set(recorded, `<cluster ${ourClusters.size}>`);
      ourClusters.set(ours, `<cluster ${ourClusters.size}>`);
    },
  };

  function clientOf({ as }: RecordedRequest): ApiClient {
    if (as === 'shard') return server.shardAdmin;
    if (as === 'none') return nobody;
    return as === 'admin' ? server.admin : wrong;
  }

  function pathOf(path: string): string {
    let out = path.replace(/timeoutSeconds=\d+/, 'timeoutSeconds=1');
    for (const [recorded, ours] of sent) out = out.replaceAll(recorded, ours);
    return out;
  }

  function learn(recording: Recording, ours: unknown): void {
    const token = (body: unknown) => (body as { metadata?: { continue?: string } } | null)?.metadata?.continue;
    const recorded = token(recording.response.body);
    if (recorded !== undefined) sent.set(encodeURIComponent(recorded), encodeURIComponent(token(ours) ?? ''));
  }

  async function once(recording: Recording): Promise<readonly Difference[]> {
    const { request, response } = recording;
    const watch = Array.isArray(response.body) || /[?&]watch=/.test(request.path);
    const answer = await clientOf(request).request<unknown>(
      request.method,
      pathOf(request.path),
      bodyOf(recording),
      request.headers,
    );
    const shown = (body: unknown) => (recording.name.startsWith('openapi/') ? outlineOpenApi(body) : body);
    const ours = answer.status === 200 || isProtobuf(answer.headers) ? parseAnswer(answer, watch) : answer.body;
    learn(recording, ours);
    return [
      ...compare('status', response.status, answer.status),
      ...compare('headers', headersOf(response.headers), headersOf(answer.headers)),
      ...compare(
        'body',
        levelBody(shown(recordedBody(response)), recordedClusters),
        levelBody(shown(ours), ourClusters),
      ),
    ];
  }

  return {
    async send(recording, sending, settled) {
      await prepare(recording.name, context);
      if (!sending) return [];
      const end =
        performance.now() +
        (recording.request.method === 'GET' && !/watch/.test(recording.request.path) ? patienceMs : 0);
      for (;;) {
        const found = await once(recording);
        if (settled(found) || performance.now() >= end) return found;
        await new Promise((resolve) => setTimeout(resolve, pauseMs));
      }
    },
  };
}
