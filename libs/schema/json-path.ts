/** Kubernetes' JSONPath for printer columns and selectors: fields, indexes, wildcards, filters by equality. */
export type JsonPath = (object: unknown) => unknown[];

type Step = (values: readonly unknown[]) => unknown[];

function field(name: string): Step {
  return (values) => values.flatMap((value) => (typeof value === 'object' && value !== null && Object.hasOwn(value, name) ? [(value as Record<string, unknown>)[name]] : []));
}

const everything: Step = (values) => values.flatMap((value) => (Array.isArray(value) ? value : typeof value === 'object' && value !== null ? Object.values(value) : []));

function index(at: number): Step {
  return (values) => values.flatMap((value) => (Array.isArray(value) && value.at(at) !== undefined ? [value.at(at)] : []));
}

function filter(path: JsonPath, operator: string, wanted: unknown): Step {
  return (values) =>
    everything(values).filter((value) => {
      const [found] = path(value);
      return operator === '==' ? found === wanted : operator === '!=' ? found !== wanted : found !== undefined;
    });
}

function bracket(text: string): Step {
  if (text === '*') return everything;
  if (/^-?\d+$/.test(text)) return index(Number(text));
  const quoted = /^'(.*)'$|^"(.*)"$/.exec(text);
  if (quoted !== null) return field(quoted[1] ?? quoted[2] ?? '');
  const condition = /^\?\(@((?:\.|\[)[^=!<>]*?)\s*(?:(==|!=)\s*(?:'([^']*)'|"([^"]*)"|([\w.+-]+)))?\)$/.exec(text);
  if (condition === null) throw new Error(`unsupported expression [${text}]`);
  const [, path = '', operator = '', single, double, bare] = condition;
  const literal = single ?? double ?? (bare === 'true' ? true : bare === 'false' ? false : bare === undefined ? undefined : Number(bare));
  return filter(compileJsonPath(path), operator, literal);
}

function closing(text: string, open: number): number {
  let quote = '';
  for (let i = open + 1; i < text.length; i++) {
    const letter = text[i] ?? '';
    if (quote !== '') quote = letter === quote ? '' : quote;
    else if (letter === '"' || letter === "'") quote = letter;
    else if (letter === ']') return i;
  }
  throw new Error('unterminated array');
}

/** Throws an Error for a path that is none. */
export function compileJsonPath(text: string): JsonPath {
  const steps: Step[] = [];
  for (let i = 0; i < text.length; ) {
    if (text[i] === '[') {
      const end = closing(text, i);
      steps.push(bracket(text.slice(i + 1, end)));
      i = end + 1;
      continue;
    }
    if (text[i] === '.') i++;
    let name = '';
    while (i < text.length && text[i] !== '.' && text[i] !== '[') {
      if (text[i] === '\\') i++;
      name += text[i++] ?? '';
    }
    if (name !== '') steps.push(name === '*' ? everything : field(name));
  }
  return (object) => {
    let values: unknown[] = [object];
    for (const step of steps) values = step(values);
    return values;
  };
}
