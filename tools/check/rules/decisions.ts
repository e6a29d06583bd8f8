import type { Finding } from '../finding.ts';

/** A page of docs/decisions. */
export interface DecisionPage {
  readonly file: string;
  readonly text: string;
}

const folder = 'docs/decisions';

/** Each page of docs/decisions has its number, once, and a row with its number in the index. */
export function checkDecisions(pages: readonly DecisionPage[], index: string): readonly Finding[] {
  const files = new Map<number, string>();
  return pages.flatMap(({ file, text }): readonly Finding[] => {
    const number = Number(file.slice(0, 4));
    const at = (message: string): Finding => ({ rule: 'decision', path: `${folder}/${file}`, line: 1, message });
    const other = files.get(number);
    files.set(number, file);
    return [
      ...(text.startsWith(`# ${number}. `) ? [] : [at(`The title does not begin with "# ${number}. "`)]),
      ...(other === undefined ? [] : [at(`${other} has the same number: take the next free one`)]),
      ...(index.includes(`| ${number} | [`) && index.includes(`](${file})`)
        ? []
        : [at(`${folder}/README.md has no row for it: add number, title, date and status`)]),
    ];
  });
}
