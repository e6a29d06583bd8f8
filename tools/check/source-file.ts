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
  /** All of its lines, those of functions inside it included. */
  readonly lines: number;
}

/** A use of something global that only some files may use. */
export interface Use {
  readonly what: GlobalName;
  readonly line: number;
}

export type GlobalName = 'process.env' | 'Date.now()' | 'new Date()' | 'Math.random()' | TimerName;
type TimerName = (typeof timerNames)[number];

const timerNames = ['setTimeout', 'setInterval', 'setImmediate'] as const;

/** A string, or the beginning of a template up to its first expression. */
export interface Text {
  readonly text: string;
  readonly line: number;
}

/**
 * `// check-allow <rule> -- reason`: the rule may find something in this line, or in the next one.
 */
export interface Waiver {
  readonly rule: string;
  readonly reason: string;
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
  readonly texts: readonly Text[];
  /** Where a parameter or property that names a cluster is declared as a plain string. */
  readonly clusterStrings: readonly number[];
  /** Where an object literal is spread into another one: `{ ...{ a, b }, c }`. */
  readonly spreadLiterals: readonly number[];
  readonly waivers: readonly Waiver[];
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

/** Whether the identifier is a name that a scope resolves, and not a property or a key. */
function isReference(node: Node, parent: Node | undefined): boolean {
  if (parent?.type === 'MemberExpression')
    return parent['object'] === node || parent['computed'] === true || identifier(parent['object']) === 'globalThis';
  return parent?.type !== 'Property' || parent['value'] === node;
}

function useOf(node: Node, parent: Node | undefined): GlobalName | undefined {
  if (node.type === 'Identifier')
    return isReference(node, parent) ? timerNames.find((name) => name === node['name']) : undefined;
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

function textOf(node: Node): string | undefined {
  if (node.type === 'Literal') return typeof node['value'] === 'string' ? node['value'] : undefined;
  if (node.type !== 'TemplateLiteral') return undefined;
  const [first] = node['quasis'] as readonly { readonly value: { readonly cooked: string | null } }[];
  return first?.value.cooked ?? undefined;
}

const clusterNames = /^(?:cluster|clusterName|[a-z][A-Za-z]*Cluster(?:Name)?)$/;

function isStringType(annotation: unknown): boolean {
  return isNode(annotation) && isNode(annotation['typeAnnotation'])
    ? annotation['typeAnnotation'].type === 'TSStringKeyword'
    : false;
}

/** `cluster: string` as a parameter, and in an interface or a type. */
function isClusterString(node: Node): boolean {
  const name = node.type === 'TSPropertySignature' ? identifier(node['key']) : identifier(node);
  return name !== undefined && clusterNames.test(name) && isStringType(node['typeAnnotation']);
}

function isSpreadLiteral(node: Node, parent: Node | undefined): boolean {
  return (
    node.type === 'SpreadElement' &&
    parent?.type === 'ObjectExpression' &&
    isNode(node['argument']) &&
    node['argument'].type === 'ObjectExpression'
  );
}

function waiverOf(comment: string): Pick<Waiver, 'rule' | 'reason'> | undefined {
  const match = /^ check-allow (\S+)(?: -- (.*\S))?/.exec(comment);
  return match?.[1] === undefined ? undefined : { rule: match[1], reason: match[2] ?? '' };
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
  const { program, comments, errors } = parseSync(path, text);
  if (errors.length > 0) throw new Error(`${path}: ${errors[0]?.message}`);
  const lineAt = lineFinder(text);
  const imports: Import[] = [];
  const functions: FunctionSize[] = [];
  const uses: Use[] = [];
  const texts: Text[] = [];
  const clusterStrings: number[] = [];
  const spreadLiterals: number[] = [];
  let exported = 0;

  function walk(node: Node, parent: Node | undefined): void {
    const line = lineAt(node.start);
    const specifier = importOf(node);
    if (specifier !== undefined) imports.push({ specifier, line, everything: node.type === 'ExportAllDeclaration' });
    const use = useOf(node, parent);
    if (use !== undefined) uses.push({ what: use, line });
    const found = textOf(node);
    if (found !== undefined) texts.push({ text: found, line });
    if (isClusterString(node)) clusterStrings.push(line);
    if (isSpreadLiteral(node, parent)) spreadLiterals.push(line);
    exported += exportedBy(node);
    if (functionTypes.has(node.type))
      functions.push({ name: nameOf(node, parent), line, lines: lineAt(node.end) - line + 1 });
    for (const child of childrenOf(node)) walk(child, node);
  }

  walk(program as unknown as Node, undefined);
  const waivers = comments.flatMap((comment) => {
    const waiver = comment.type === 'Line' ? waiverOf(comment.value) : undefined;
    return waiver === undefined ? [] : [{ ...waiver, line: lineAt(comment.start) }];
  });
  const lines = text.split('\n').length - 1;
  return { path, text, lines, imports, functions, uses, texts, clusterStrings, spreadLiterals, waivers, exported };
}
