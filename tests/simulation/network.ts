/**
 * What lies between processes: it delays, it cuts connections, it parts two machines, and it holds
 * one connection up while others go on.
 */
import { RpcError } from '@kcp-ts/rpc';
import type { SimProcess } from './process.ts';
import type { Chance, VirtualTime } from './virtual-time.ts';

export interface Connection {
  readonly from: SimProcess;
  readonly to: SimProcess;
  /** In order, to one end or the other; nothing once the connection is cut. */
  send(to: SimProcess, run: () => void): void;
  /** Given up by the one that holds it; the other end gets no error. */
  close(): void;
}

export interface Network {
  /**
   * `broken`: called at the opener, a little after the connection was cut, or where there is nobody
   * to be reached.
   */
  connect(from: SimProcess, to: SimProcess, broken: () => void): Connection;
  /**
   * A question and its answer over a connection of their own. Rejects with what `answer` rejects
   * with, or RpcError unavailable.
   */
  call<Answer>(from: SimProcess, to: SimProcess, timeoutMs: number, answer: () => Promise<Answer>): Promise<Answer>;
  /** A stream that is asked for piece by piece. */
  stream<Piece>(from: SimProcess, to: SimProcess, pieces: () => AsyncIterable<Piece>): AsyncIterable<Piece>;
  /** Whether a message from one machine to another arrives now. */
  reaches(from: SimProcess, to: SimProcess): boolean;
  part(left: string, right: string): void;
  join(left: string, right: string): void;
  /** Cuts the connections that are meant; everybody may open new ones. */
  cut(isMeant: (connection: Connection) => boolean): void;
  /** What is under way on some connections is late by this much. */
  stall(isMeant: (connection: Connection) => boolean, milliseconds: number): void;
  latency(): number;
}

interface Open extends Connection {
  lateUntil: number;
  cut(): void;
}

/** How long it takes to notice that a connection is gone. */
const noticeMs = 300;

export function createNetwork(time: VirtualTime, chance: Chance): Network {
  const parted = new Set<string>();
  const connections = new Set<Open>();
  const pair = (left: string, right: string) => [left, right].sort().join(' ');

  function reaches(from: SimProcess, to: SimProcess): boolean {
    return from.state() !== 'dead' && to.state() !== 'dead' && !parted.has(pair(from.host, to.host));
  }

  function latency(): number {
    return chance.happens(0.02) ? chance.between(20, 400) : chance.between(0.1, 3);
  }

  function connect(from: SimProcess, to: SimProcess, broken: () => void): Connection {
    let isCut = false;
    let lastArrival = 0;
    function notice(): void {
      time.after(chance.between(1, noticeMs), () => from.deliver(broken));
    }
    const connection: Open = {
      from,
      to,
      lateUntil: 0,
      send(receiver, run) {
        if (isCut) return;
        const sender = receiver === to ? from : to;
        if (!reaches(sender, receiver)) return connection.cut();
        lastArrival = Math.max(lastArrival, connection.lateUntil, time.now() + latency());
        time.at(lastArrival, () => {
          if (isCut) return;
          if (reaches(sender, receiver)) receiver.deliver(() => !isCut && run());
          else connection.cut();
        });
      },
      cut() {
        if (isCut) return;
        connection.close();
        notice();
      },
      close() {
        isCut = true;
        connections.delete(connection);
      },
    };
    connections.add(connection);
    return connection;
  }

  /** One question after the other on one connection. */
  function asker(from: SimProcess, to: SimProcess) {
    let fail: ((error: unknown) => void) | undefined;
    const lost = () => new RpcError('unavailable', `${to.address} cannot be reached`);
    const connection = connect(from, to, () => fail?.(lost()));
    return {
      connection,
      ask<Answer>(answer: () => Promise<Answer>): Promise<Answer> {
        return new Promise((resolve, reject) => {
          fail = reject;
          connection.send(to, () =>
            answer().then(
              (given) => connection.send(from, () => resolve(given)),
              (error: unknown) => connection.send(from, () => reject(error)),
            ),
          );
        });
      },
    };
  }

  function each(isMeant: (connection: Connection) => boolean, run: (connection: Open) => void): void {
    for (const connection of [...connections]) if (isMeant(connection)) run(connection);
  }

  return {
    connect,
    async call(from, to, timeoutMs, answer) {
      const { connection, ask } = asker(from, to);
      using _ = from.clock.setTimer(timeoutMs, () =>
        each(
          (one) => one === connection,
          (one) => one.cut(),
        ),
      );
      try {
        return await ask(answer);
      } finally {
        connection.close();
      }
    },
    async *stream(from, to, pieces) {
      const { connection, ask } = asker(from, to);
      let iterator: AsyncIterator<Awaited<ReturnType<AsyncIterator<never>['next']>>['value']> | undefined;
      try {
        for (;;) {
          const { done, value } = await ask(async () => {
            iterator ??= pieces()[Symbol.asyncIterator]();
            return iterator.next();
          });
          if (done === true) return;
          yield value;
        }
      } finally {
        connection.close();
      }
    },
    reaches,
    latency,
    part(left, right) {
      parted.add(pair(left, right));
      each(
        ({ from, to }) => pair(from.host, to.host) === pair(left, right),
        (one) => one.cut(),
      );
    },
    join: (left, right) => void parted.delete(pair(left, right)),
    cut: (isMeant) => each(isMeant, (one) => one.cut()),
    stall: (isMeant, milliseconds) =>
      each(isMeant, (one) => {
        one.lateUntil = time.now() + milliseconds;
      }),
  };
}
