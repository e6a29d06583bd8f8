/**
 * A service's flags as a table: names, environment, --help and the type of the configuration all
 * come from it. Flags go before the environment before defaults.
 */
import { parseArgs } from 'node:util';
import { chosenOf } from './choices.ts';
import { formatDuration, parseDuration } from './duration.ts';
import { adviceOnKcpFlag } from './kcp-flags.ts';
import { WrongOption } from './wrong-option.ts';

interface Described {
  readonly flag: string;
  readonly text: string;
  /**
   * It has no effect unless one of these flags of the table is given: where none is, it is refused.
   */
  readonly deps?: readonly string[];
  /** Flags of the table that must be given where this one is. */
  readonly needs?: readonly string[];
  /** Another name of the same flag, of kcp's: accepted, and not shown. */
  readonly alias?: string;
  /** A variable that is read where neither the flag nor its own one is given: `POD_NAME`. */
  readonly variable?: string;
}

export type OptionSpec = Described &
  (
    | {
        readonly type: 'text';
        readonly default: string;
        /** A host at which others reach this one: not a wildcard address. */
        readonly host?: true;
        readonly oneOf?: readonly string[];
        /** It is a URL of this scheme, or empty. */
        readonly scheme?: string;
      }
    | {
        readonly type: 'list';
        readonly default: readonly string[];
        /** Each item is a URL of one of these schemes, and there is at least one. */
        readonly schemes?: readonly string[];
        /** Each item is one of these: `+x` and `-x` change the default, plain names replace it. */
        readonly choices?: readonly string[];
        /** Each item is `key=value`. */
        readonly keyValue?: true;
      }
    | { readonly type: 'switch'; readonly default: boolean }
    | { readonly type: 'number'; readonly default: number; readonly min: number; readonly max: number }
    /** In milliseconds; written as Go's flags are, `70s`. */
    | { readonly type: 'duration'; readonly default: number; readonly max: number }
  );

export type OptionTable = Readonly<Record<string, OptionSpec>>;

type ValueOf<Spec extends OptionSpec> = Spec['type'] extends 'text'
  ? string
  : Spec['type'] extends 'list'
    ? readonly string[]
    : Spec['type'] extends 'switch'
      ? boolean
      : number;

/** What a table says, before what is empty has been found out. */
export type OptionValues<Table extends OptionTable> = { readonly [Name in keyof Table]: ValueOf<Table[Name]> };

export type FlagsResult<Config> =
  | { readonly kind: 'config'; readonly config: Config }
  | { readonly kind: 'help'; readonly text: string }
  /** To be printed on standard error; the program ends with 2. */
  | { readonly kind: 'wrong'; readonly message: string };

/** The environment's name of a flag: `--root-directory` is KCP_ROOT_DIRECTORY. */
export function environmentName(flag: string): string {
  return `KCP_${flag.replaceAll('-', '_').toUpperCase()}`;
}

function dashed(flag: string): string {
  return flag.length === 1 ? `-${flag}` : `--${flag}`;
}

const wildcards: readonly string[] = ['0.0.0.0', '::', '[::]', '*'];

const label = '[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9])?';
const hostName = new RegExp(`^${label}(?:\\.${label})*\\.?$`, 'i');

/** A DNS name or an address, IPv6 with or without brackets, that is none of all interfaces. */
function isReachableHost(text: string): boolean {
  if (wildcards.includes(text)) return false;
  return hostName.test(text) || URL.canParse(`https://[${text.replace(/^\[(.*)\]$/, '$1')}]`);
}

function isUrl(text: string, schemes: readonly string[]): boolean {
  return URL.canParse(text) && schemes.some((scheme) => text.startsWith(`${scheme}://`));
}

function checkUrls(schemes: readonly string[] | undefined, items: readonly string[], from: string): void {
  if (schemes === undefined) return;
  const wrong = items.length === 0 ? '' : items.find((item) => !isUrl(item, schemes));
  if (wrong !== undefined)
    throw new WrongOption(`${from} takes URLs of ${schemes.join(' or ')}, not ${JSON.stringify(wrong)}`);
}

function readList(spec: Extract<OptionSpec, { type: 'list' }>, text: string, from: string): readonly string[] {
  const items = text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
  checkUrls(spec.schemes, items, from);
  const wrong = spec.keyValue === true ? items.find((item) => !/^[^=]+=[^=]*$/.test(item)) : undefined;
  if (wrong !== undefined) throw new WrongOption(`${from} takes key=value, not ${JSON.stringify(wrong)}`);
  return spec.choices === undefined ? items : chosenOf({ ...spec, choices: spec.choices }, items, from);
}

function readValue(spec: OptionSpec, text: string, from: string): string | number | boolean | readonly string[] {
  switch (spec.type) {
    case 'text':
      if (text === '' && spec.default !== '') throw new WrongOption(`${from} must not be empty`);
      if (spec.host === true && text !== '' && !isReachableHost(text))
        throw new WrongOption(`${from} takes a name or an address that others can reach, not ${JSON.stringify(text)}`);
      if (spec.scheme !== undefined && text !== '' && !isUrl(text, [spec.scheme]))
        throw new WrongOption(`${from} takes an ${spec.scheme} URL, not ${JSON.stringify(text)}`);
      if (spec.oneOf?.includes(text) === false)
        throw new WrongOption(`${from} takes ${spec.oneOf.join(' or ')}, not ${JSON.stringify(text)}`);
      return text;
    case 'list':
      return readList(spec, text, from);
    case 'switch':
      if (text === 'true' || text === '1') return true;
      if (text === 'false' || text === '0') return false;
      throw new WrongOption(`${from} takes true or false, not ${JSON.stringify(text)}`);
    case 'number': {
      const number = Number(text);
      if (text.trim() !== '' && Number.isInteger(number) && number >= spec.min && number <= spec.max) return number;
      throw new WrongOption(`${from} takes a number from ${spec.min} to ${spec.max}, not ${JSON.stringify(text)}`);
    }
    case 'duration': {
      const milliseconds = parseDuration(text);
      if (milliseconds !== undefined && milliseconds <= spec.max) return milliseconds;
      const most = formatDuration(spec.max);
      throw new WrongOption(`${from} takes a duration from 0s to ${most}, not ${JSON.stringify(text)}`);
    }
  }
}

/** `--flag` of a switch means `--flag=true`, as in Go. */
function spelledOut(specs: readonly OptionSpec[], argument: string): string {
  const isSwitch = specs.some((spec) => spec.type === 'switch' && argument === `--${spec.flag}`);
  return isSwitch ? `${argument}=true` : argument;
}

/** What `parseArgs` says, with what to do where the flag is one of kcp's. */
function unreadable(error: unknown): string {
  const [message = ''] = error instanceof Error ? error.message.split('. ') : [String(error)];
  const flag = /^Unknown option '--([^'=]+)/.exec(message)?.[1] ?? '';
  const advice = adviceOnKcpFlag(flag);
  return advice === undefined ? message : `--${flag} is a flag of kcp and not of this program: ${advice}`;
}

function parseFlags(
  specs: readonly OptionSpec[],
  args: readonly string[],
): Readonly<Record<string, string | undefined>> & { readonly help: boolean } {
  const known = Object.fromEntries(
    specs.flatMap(({ flag, alias, type }) => {
      // A list may be given in several flags, as Go's.
      const option = { type: 'string' as const, multiple: type === 'list' };
      const short = flag.length === 1 ? { short: flag } : {};
      return [[flag, { ...option, ...short }], ...(alias === undefined ? [] : [[alias, option] as const])];
    }),
  );
  try {
    const { values } = parseArgs({
      args: args.map((argument) => spelledOut(specs, argument)),
      options: { ...known, help: { type: 'boolean', short: 'h' } },
      strict: true,
      allowPositionals: false,
    });
    const texts = Object.entries(values).map(([flag, value]) => [flag, Array.isArray(value) ? value.join(',') : value]);
    return Object.fromEntries(texts) as ReturnType<typeof parseFlags>;
  } catch (error) {
    throw new WrongOption(unreadable(error));
  }
}

function standardOf(spec: OptionSpec): string {
  if (spec.type === 'duration') return formatDuration(spec.default);
  return spec.type === 'list' ? spec.default.join(',') : String(spec.default);
}

/** The text of --help; `usage`: `kcp-ts start`. */
export function helpText(usage: string, table: OptionTable): string {
  const lines = Object.values(table).map((spec) => {
    const standard = standardOf(spec);
    const shown = standard === '' ? '' : ` (default ${standard})`;
    return `  ${dashed(spec.flag)} ${spec.type}\n        ${spec.text}${shown}\n`;
  });
  return `Usage: ${usage} [flags]\n\nEach flag may also be given in the environment: --root-directory as ${environmentName('root-directory')}.\n\n${lines.join('')}`;
}

type Value = ReturnType<typeof readValue>;

function isGiven(spec: OptionSpec, value: Value | undefined): boolean {
  return value !== undefined && String(value) !== String(spec.default);
}

/**
 * A flag that does nothing is refused: its user believes something of this process that is not so.
 * So is one without the flags that it needs.
 */
function checkTogether(table: OptionTable, values: Readonly<Record<string, Value>>): void {
  const given = new Set(
    Object.entries(table).flatMap(([name, spec]) => (isGiven(spec, values[name]) ? [spec.flag] : [])),
  );
  for (const { flag, deps, needs = [] } of Object.values(table)) {
    if (!given.has(flag)) continue;
    if (deps !== undefined && !deps.some((needed) => given.has(needed)))
      throw new WrongOption(`${dashed(flag)} has no effect without ${deps.map(dashed).join(' or ')}`);
    const missing = needs.find((needed) => !given.has(needed));
    if (missing !== undefined) throw new WrongOption(`${dashed(flag)} needs ${dashed(missing)}`);
  }
}

export interface ReadFlags<Table extends OptionTable, Config> {
  readonly usage: string;
  readonly table: Table;
  readonly args: readonly string[];
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Finds out what is empty; throws WrongOption for values that do not go together. */
  complete(values: OptionValues<Table>): Config;
}

/** Never exits and prints nothing: the caller does. */
export function readFlags<Table extends OptionTable, Config>(reading: ReadFlags<Table, Config>): FlagsResult<Config> {
  const { usage, table, args, environment } = reading;
  try {
    const flags = parseFlags(Object.values(table), args);
    if (flags.help) return { kind: 'help', text: helpText(usage, table) };
    const entries = Object.entries(table).map(([name, spec]): [string, Value] => {
      const other = flags[spec.alias ?? ''];
      if (other !== undefined && flags[spec.flag] !== undefined)
        throw new WrongOption(`${dashed(spec.flag)} and ${dashed(spec.alias ?? '')} are the same flag: give one`);
      const flag = flags[spec.flag] ?? other;
      const variable = environmentName(spec.flag);
      if (flag !== undefined) return [name, readValue(spec, flag.replace(/^=/, ''), dashed(spec.flag))];
      const from = [variable, spec.variable ?? variable].find((each) => (environment[each] ?? '') !== '');
      return [name, from === undefined ? spec.default : readValue(spec, environment[from] ?? '', from)];
    });
    const values = Object.fromEntries(entries) as Record<string, Value>;
    const config = reading.complete(values as OptionValues<Table>);
    checkTogether(table, values);
    return { kind: 'config', config };
  } catch (error) {
    if (error instanceof WrongOption) return { kind: 'wrong', message: `${error.message}\nSee ${usage} --help.` };
    throw error;
  }
}
