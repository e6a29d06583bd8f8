/** Lists that choose among names. */
import { WrongOption } from './wrong-option.ts';

export interface Choices {
  readonly choices: readonly string[];
  readonly default: readonly string[];
}

/** `+x` and `-x` change the default; plain names replace it. Throws for other names. */
export function chosenOf(spec: Choices, items: readonly string[], from: string): readonly string[] {
  const plain = items.filter((name) => !/^[+-]/.test(name));
  const chosen = new Set<string>(plain.length > 0 ? plain : spec.default);
  for (const name of items) {
    if (name.startsWith('+')) chosen.add(name.slice(1));
    if (name.startsWith('-')) chosen.delete(name.slice(1));
  }
  const wrong = items.map((item) => item.replace(/^[+-]/, '')).find((name) => !spec.choices.includes(name));
  if (wrong === undefined) return [...chosen];
  throw new WrongOption(`${from} knows ${spec.choices.join(', ')}, not ${JSON.stringify(wrong)}`);
}
