/** Until somebody ends the program. */

export interface Stop {
  /** Resolves when the program is asked to end. */
  readonly asked: Promise<void>;
  ask(): void;
}

/**
 * Asked for by the first SIGINT, SIGTERM or, where the terminal has gone, SIGHUP; the second one ends the process at once, with the exit code of an
 * interrupted program. `hangUp`: whether SIGHUP counts; it is left out where it means something else.
 */
export function untilAsked({ hangUp }: { readonly hangUp: boolean }): Stop {
  const { promise: asked, resolve } = Promise.withResolvers<void>();
  // Timers of ours keep no process alive; this one does.
  const alive = setInterval(() => undefined, 60_000);
  let isAsked = false;
  const ask = () => {
    isAsked = true;
    clearInterval(alive);
    resolve();
  };
  const onSignal = () => {
    if (isAsked) process.exit(130);
    ask();
  };
  for (const signal of ['SIGINT', 'SIGTERM', ...(hangUp ? ['SIGHUP'] : [])]) process.on(signal, onSignal);
  return { asked, ask };
}
