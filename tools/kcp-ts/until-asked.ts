/** Until the program is asked to end. */
import { keepProcessAlive } from '@kcp-ts/base';

export interface Stop {
  /** Resolves when the program is asked to end. */
  readonly asked: Promise<void>;
  ask(): void;
}

/**
 * Asked for by the first SIGINT, SIGTERM or, where the terminal has gone, SIGHUP; the second one
 * ends the process at once, with the exit code of an interrupted program. `hangUp`: whether SIGHUP
 * counts; it is left out where it means something else.
 */
export function untilAsked({ hangUp }: { readonly hangUp: boolean }): Stop {
  const { promise: asked, resolve } = Promise.withResolvers<void>();
  const alive = keepProcessAlive();
  let isAsked = false;
  const ask = () => {
    isAsked = true;
    alive[Symbol.dispose]();
    resolve();
  };
  const onSignal = () => {
    if (isAsked) process.exit(130);
    ask();
  };
  for (const signal of ['SIGINT', 'SIGTERM', ...(hangUp ? ['SIGHUP'] : [])]) process.on(signal, onSignal);
  return { asked, ask };
}
