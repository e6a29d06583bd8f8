/**
 * A stretch of wire on loopback that a test cuts, silences and slows, for all who come over it or
 * for one of them. What is held up goes through in order when the wire is mended, the end of a
 * connection included.
 */
import type { Socket } from 'node:net';
import { connect, createServer } from 'node:net';

type End = 'client' | 'server';

export type LinkCondition =
  | { readonly kind: 'open' }
  /** Connections are reset, and new ones are refused. */
  | { readonly kind: 'cut' }
  /** Nothing goes either way, or nothing from one end, and neither end is closed. */
  | { readonly kind: 'silent'; readonly from?: End }
  /** Everything takes that much longer, each way. */
  | { readonly kind: 'slow'; readonly ms: number };

export interface LinkRelayOptions {
  /** 127.0.0.1, unless it says otherwise. */
  readonly host?: string;
  /** 0, the default, takes a free one. */
  readonly port?: number;
  /** On 127.0.0.1. */
  readonly targetPort: number;
  /** Who has opened the connection from that port to the relay's; asked only where it matters. */
  sourceOf?(from: number, to: number): Promise<string | undefined>;
}

export interface LinkRelay extends AsyncDisposable {
  readonly port: number;
  /**
   * Of those who come from there; of everybody, unless it says. Resolves when it holds, and holds
   * until the next one.
   */
  set(condition: LinkCondition, source?: string): Promise<void>;
  /** Bytes that the server has sent. */
  received(): number;
}

interface Held {
  /** Undefined for the end of the connection. */
  readonly chunk: Buffer | undefined;
  readonly dueAt: number;
}

interface Connection {
  /** Of its other end. */
  readonly from: number;
  /** Undefined as long as nobody has asked. */
  source: string | undefined;
  cut(): void;
  pump(): void;
}

const heldBytesMax = 1_000_000;
const open: LinkCondition = { kind: 'open' };

/** What a condition is to what comes from one end. */
function conditionFrom(end: End, condition: LinkCondition): LinkCondition {
  return condition.kind === 'silent' && condition.from !== undefined && condition.from !== end ? open : condition;
}

/** One way of a connection. `conditionOf` is asked for each piece. */
function carry(from: Socket, to: Socket, conditionOf: () => LinkCondition): () => void {
  const held: Held[] = [];
  let heldBytes = 0;
  let timer: NodeJS.Timeout | undefined;

  function pass({ chunk }: Held): void {
    if (chunk === undefined) {
      to.end();
      return;
    }
    heldBytes -= chunk.length;
    to.write(chunk);
  }

  function pump(): void {
    for (let first = held[0]; first !== undefined; first = held[0]) {
      if (conditionOf().kind === 'silent' || timer !== undefined) return;
      const waitMs = conditionOf().kind === 'slow' ? first.dueAt - performance.now() : 0;
      if (waitMs > 0) {
        timer = setTimeout(() => {
          timer = undefined;
          pump();
        }, waitMs);
        return;
      }
      held.shift();
      pass(first);
    }
    if (from.isPaused() && heldBytes < heldBytesMax) from.resume();
  }

  function take(chunk: Buffer | undefined): void {
    const condition = conditionOf();
    held.push({ chunk, dueAt: performance.now() + (condition.kind === 'slow' ? condition.ms : 0) });
    heldBytes += chunk?.length ?? 0;
    pump();
    if (heldBytes > heldBytesMax) from.pause();
  }

  from.on('data', take);
  from.once('close', () => take(undefined));
  from.on('error', () => undefined);
  return () => {
    if (timer !== undefined) clearTimeout(timer);
    timer = undefined;
    pump();
  };
}

/** Resolves when it listens. */
export async function startLinkRelay(options: LinkRelayOptions): Promise<LinkRelay> {
  const { host = '127.0.0.1', port = 0, targetPort, sourceOf } = options;
  const connections = new Set<Connection>();
  const conditions = new Map<string, LinkCondition>();
  let everybody = open;
  const conditionOf = (connection: Pick<Connection, 'source'>) => conditions.get(connection.source ?? '') ?? everybody;
  let listening = 0;
  let received = 0;

  function join(client: Socket, source: string | undefined): void {
    const from = client.remotePort ?? 0;
    if (conditionOf({ source }).kind === 'cut' || client.destroyed) {
      client.resetAndDestroy();
      return;
    }
    const target = connect(targetPort, '127.0.0.1').setNoDelay(true);
    client.setNoDelay(true);
    const condition = (end: End) => () => conditionFrom(end, conditionOf(connection));
    const pumps = [carry(client, target, condition('client')), carry(target, client, condition('server'))];
    target.on('data', ({ length }: Buffer) => {
      received += length;
    });
    const connection: Connection = {
      from,
      source,
      cut() {
        client.resetAndDestroy();
        target.resetAndDestroy();
      },
      pump() {
        for (const pump of pumps) pump();
      },
    };
    connections.add(connection);
    const gone = () => void (client.closed && target.closed && connections.delete(connection));
    client.once('close', gone);
    target.once('close', gone);
    client.resume();
  }

  const server = createServer({ pauseOnConnect: true }, (client) => {
    client.on('error', () => undefined);
    if (sourceOf === undefined || conditions.size === 0) join(client, undefined);
    else
      sourceOf(client.remotePort ?? 0, listening).then(
        (source) => join(client, source),
        () => client.resetAndDestroy(),
      );
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
  const address = server.address();
  listening = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    port: listening,
    async set(condition, source) {
      if (source === undefined) {
        everybody = condition;
        conditions.clear();
      } else {
        for (const connection of connections) connection.source ??= await sourceOf?.(connection.from, listening);
        conditions.set(source, condition);
      }
      for (const connection of connections) {
        if (conditionOf(connection).kind === 'cut') connection.cut();
        else connection.pump();
      }
    },
    received: () => received,
    async [Symbol.asyncDispose]() {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const connection of connections) connection.cut();
      await closed;
    },
  };
}
