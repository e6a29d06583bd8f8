/** What the rules need to know of a source file, read from its syntax tree once. */
import { parseSync } from 'oxc-parser';

export interface Import {
  readonly specifier: string;
  readonly line: number;
  /** `export * from`. */
  readonly everything: boolean;
}

export interface FunctionSize {
  readonly name: string;
  readonly line: number;
  /** Lines of its own: those of functions inside it count for them, not for it. */
  readonly lines: number;
}

/** A global thing that has a room of its own. */
export interface Use {
  readonly what: 'process.env' | 'Date.now()' | 'new Date()' | 'Math.random()';
  readonly line: number;
}

export interface SourceFile {
  /** From the root of the repository, with slashes. */
  readonly path: string;
  readonly text: string;
  readonly lines: number;
  readonly imports: readonly Import[];
  readonly functions: readonly FunctionSize[];
  readonly uses: readonly Use[];
  /** How many names it exports. */
  readonly exported: number;
}

interface Node {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly [field: string]: unknown;
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && typeof (value as { type?: unknown }).type === 'string';
}

function childrenOf(node: Node): readonly Node[] {
  const children: Node[] = [];
  for (const value of Object.values(node)) {
    if (Array.isArray(value)) children.push(...value.filter(isNode));
    else if (isNode(value)) children.push(value);
  }
  return children;
}

const functionTypes = new Set(['FunctionDeclaration', 'FunctionExpression', 'ArrowFunctionExpression']);

function identifier(value: unknown): string | undefined {
  return isNode(value) && value.type === 'Identifier' ? String(value['name']) : undefined;
}

function useOf(node: Node): Use['what'] | undefined {
  if (node.type === 'MemberExpression') {
    const isEnv = identifier(node['property']) === 'env' && identifier(node['object']) === 'process';
    return isEnv ? 'process.env' : undefined;
  }
  if (node.type === 'NewExpression') {
    return identifier(node['callee']) === 'Date' && (node['arguments'] as readonly unknown[]).length === 0
      ? 'new Date()'
      : undefined;
  }
  if (node.type !== 'CallExpression' || !isNode(node['callee']) || node['callee'].type !== 'MemberExpression')
    return undefined;
  const name = `${identifier(node['callee']['object'])}.${identifier(node['callee']['property'])}()`;
  return name === 'Date.now()' || name === 'Math.random()' ? name : undefined;
}

function importOf(node: Node): string | undefined {
  const carriers = [
    'ImportDeclaration',
    'ExportAllDeclaration',
    'ExportNamedDeclaration',
    'ImportExpression',
    'TSImportType',
  ];
  if (!carriers.includes(node.type) || !isNode(node['source'])) return undefined;
  const specifier = node['source']['value'];
  return typeof specifier === 'string' ? specifier : undefined;
}

function exportedBy(node: Node): number {
  if (node.type !== 'ExportNamedDeclaration') return node.type === 'ExportDefaultDeclaration' ? 1 : 0;
  return isNode(node['declaration']) ? 1 : ((node['specifiers'] as readonly unknown[] | undefined)?.length ?? 0);
}

function nameOf(node: Node, parent: Node | undefined): string {
  return (
    identifier(node['id']) ?? identifier(parent?.['id']) ?? identifier(parent?.['key']) ?? 'a function without a name'
  );
}

function lineStarts(text: string): readonly number[] {
  const starts = [0];
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  return starts;
}

function lineFinder(text: string): (offset: number) => number {
  const starts = lineStarts(text);
  return (offset) => {
    let low = 0;
    let high = starts.length;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if ((starts[middle] ?? 0) <= offset) low = middle;
      else high = middle;
    }
    return low + 1;
  };
}

/** Throws when the text is not TypeScript. */
export function parseSource(path: string, text: string): SourceFile {
  const { program, errors } = parseSync(path, text);
  if (errors.length > 0) throw new Error(`${path}: ${errors[0]?.message}`);
  const lineAt = lineFinder(text);
  const imports: Import[] = [];
  const functions: FunctionSize[] = [];
  const uses: Use[] = [];
  let exported = 0;

  /** Answers with the lines that functions within the node take. */
  function walk(node: Node, parent: Node | undefined): number {
    const specifier = importOf(node);
    if (specifier !== undefined) {
      imports.push({ specifier, line: lineAt(node.start), everything: node.type === 'ExportAllDeclaration' });
    }
    const use = useOf(node);
    if (use !== undefined) uses.push({ what: use, line: lineAt(node.start) });
    exported += exportedBy(node);
    const nested = childrenOf(node).reduce((sum, child) => sum + walk(child, node), 0);
    if (!functionTypes.has(node.type)) return nested;
    const line = lineAt(node.start);
    const whole = lineAt(node.end) - line + 1;
    functions.push({ name: nameOf(node, parent), line, lines: Math.max(1, whole - nested) });
    // A function within one line does not shorten the one around it.
    return whole === 1 ? 0 : whole;
  }

  walk(program as unknown as Node, undefined);
  return { path, text, lines: text.split('\n').length - 1, imports, functions, uses, exported };
}
