/** Questions that come one after the other and are worked on together. */

/** Asked but not answered: the next question waits. */
const underWayMax = 100;

/**
 * The answers, each as soon as it is there. Ends when all that was asked is answered; throws what
 * the first answer that fails throws.
 */
export async function* answerEach<Question, Answer>(
  questions: AsyncIterable<Question>,
  answer: (question: Question) => Promise<Answer>,
): AsyncGenerator<Answer> {
  let ready: Answer[] = [];
  let underWay = 0;
  let over = false;
  let failure: { readonly thrown: unknown } | undefined;
  let resume: () => void = () => undefined;
  let taken: () => void = () => undefined;
  const fail = (thrown: unknown) => {
    failure ??= { thrown };
    resume();
  };

  async function read(): Promise<void> {
    for await (const question of questions) {
      underWay++;
      answer(question)
        .then((given) => ready.push(given), fail)
        .finally(() => {
          underWay--;
          taken();
          resume();
        });
      if (underWay >= underWayMax)
        await new Promise<void>((resolve) => {
          taken = resolve;
        });
    }
  }

  read()
    .catch(fail)
    .finally(() => {
      over = true;
      resume();
    });
  for (;;) {
    if (failure !== undefined) throw failure.thrown;
    const given = ready;
    ready = [];
    yield* given;
    if (ready.length > 0 || failure !== undefined) continue;
    if (over && underWay === 0) return;
    await new Promise<void>((resolve) => {
      resume = resolve;
    });
  }
}
