/**
 * Static bearer tokens from a CSV file, `token,user,uid,"group,group"`, as Kubernetes and kcp read
 * it; read again when it changes.
 */
import { readFile } from 'node:fs/promises';
import type { UserInfo } from '@kcp-ts/api';
import type { Clock, Reloads } from '@kcp-ts/base';
import { followFiles } from '@kcp-ts/base';
import { withAuthenticated } from './groups.ts';
import { hashToken } from './token-table.ts';

export interface TokenFile extends Disposable {
  userOf(token: string): UserInfo | undefined;
  /** Grows whenever the file was read: what was remembered of an earlier generation is stale. */
  readonly generation: number;
}

export interface TokenFileOptions {
  readonly path: string;
  readonly clock: Clock;
  /** A changed file that cannot be used; the tokens of the last good one stay. */
  readonly onError: (error: Error) => void;
  /** How often the file's time is looked at. */
  readonly checkMs?: number;
  readonly reloads?: Reloads | undefined;
}

interface Row {
  readonly line: number;
  readonly fields: readonly string[];
}

/**
 * Reads one row's fields from `at`; a quoted field may hold commas, doubled quotes and line breaks
 * (RFC 4180).
 */
function readRow(
  text: string,
  at: number,
): { readonly fields: string[]; readonly next: number; readonly problem?: string } {
  const fields: string[] = [];
  for (;;) {
    let field = '';
    if (text.charAt(at) === '"') {
      for (at++; ; at++) {
        const quote = text.indexOf('"', at);
        if (quote < 0) return { fields, next: text.length, problem: 'a quote is not closed' };
        field += text.slice(at, quote);
        at = quote + 1;
        if (text.charAt(at) !== '"') break;
        field += '"';
      }
    } else {
      const end = /[,\r\n]|$/.exec(text.slice(at))?.index ?? 0;
      field = text.slice(at, at + end);
      at += end;
    }
    fields.push(field);
    if (text.charAt(at) === ',') {
      at++;
      continue;
    }
    const rest = /^\r?\n|^$/.exec(text.slice(at));
    if (rest !== null) return { fields, next: at + rest[0].length };
    return {
      fields,
      next: text.indexOf('\n', at) < 0 ? text.length : text.indexOf('\n', at) + 1,
      problem: 'text after a closing quote',
    };
  }
}

function problemOf({ fields }: Row): string | undefined {
  if (fields.length < 3) return `must have at least 3 columns (token, user name, user uid), found ${fields.length}`;
  if (fields[0] === '') return 'the token is empty';
  return fields[1] === '' ? 'the user name is empty' : undefined;
}

function hexOf(token: string): string {
  return Buffer.from(hashToken(token)).toString('hex');
}

/**
 * Users by the hexadecimal SHA-256 of their token. Throws an Error that names every bad line by its
 * number, and never a token.
 */
export function parseTokenFile(text: string): ReadonlyMap<string, UserInfo> {
  const users = new Map<string, UserInfo>();
  const problems: string[] = [];
  let line = 1;
  for (let at = 0; at < text.length; ) {
    const { fields, next, problem } = readRow(text, at);
    const definition: Row = { line, fields };
    line += text.slice(at, next).split('\n').length - 1;
    at = next;
    if (fields.length === 1 && fields[0]?.trim() === '' && problem === undefined) continue;
    const wrong = problem ?? problemOf(definition);
    const [token = '', name = '', uid = '', groups = ''] = fields;
    const key = hexOf(token);
    if (wrong !== undefined) problems.push(`line ${definition.line}: ${wrong}`);
    else if (users.has(key)) problems.push(`line ${definition.line}: the token has been used in an earlier line`);
    else
      users.set(key, {
        name,
        ...(uid === '' ? {} : { uid }),
        groups: withAuthenticated(
          groups
            .split(',')
            .map((group) => group.trim())
            .filter((group) => group !== ''),
        ),
      });
  }
  if (problems.length > 0) throw new Error(problems.join('; '));
  return users;
}

/** Reads the file; rejects when it cannot be used as it is. */
export async function openTokenFile({
  path,
  clock,
  onError,
  checkMs = 2000,
  reloads,
}: TokenFileOptions): Promise<TokenFile> {
  let users: ReadonlyMap<string, UserInfo> = new Map();
  let generation = -1;
  const followed = await followFiles({
    paths: [path],
    clock,
    checkMs,
    reloads,
    async load() {
      try {
        users = parseTokenFile(await readFile(path, 'utf8'));
      } catch (error) {
        const why = error instanceof Error ? error.message : String(error);
        throw new Error(`token file ${JSON.stringify(path)}: ${why}`);
      }
      generation++;
    },
    onError: (error) => onError(error as Error),
  });
  return {
    userOf: (token) => users.get(hexOf(token)),
    get generation() {
      return generation;
    },
    [Symbol.dispose]: () => followed[Symbol.dispose](),
  };
}
