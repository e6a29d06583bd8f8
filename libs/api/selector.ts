/**
 * Label selectors: parsed and compiled once, asked often. Texts of errors as apimachinery's parser
 * gives them.
 */

export type Requirement =
  | { readonly key: string; readonly operator: 'in' | 'notin'; readonly values: readonly string[] }
  | { readonly key: string; readonly operator: 'exists' | '!' }
  /**
   * The label's value is an integer above or below the bound. Selectors in objects have no such
   * requirement.
   */
  | { readonly key: string; readonly operator: '>' | '<'; readonly bound: bigint };

export type LabelSelector = readonly Requirement[];

/** As in an object's spec: `{matchLabels, matchExpressions}`. */
export interface LabelSelectorSpec {
  readonly matchLabels?: Readonly<Record<string, string>>;
  readonly matchExpressions?: readonly {
    readonly key: string;
    readonly operator: string;
    readonly values?: readonly string[];
  }[];
}

export type LabelMatcher = (labels: Readonly<Record<string, string>> | undefined) => boolean;

/** What all requirements on one key say together. */
interface KeyTest {
  required: boolean;
  forbidden: boolean;
  allowed: Set<string> | undefined;
  readonly denied: Set<string>;
  /** Neither is among the values that are meant. */
  above: bigint | undefined;
  below: bigint | undefined;
}

const int64End = 2n ** 63n;

/**
 * An integer as Go's strconv.ParseInt reads it: decimal, of 64 bits; undefined for any other text.
 */
export function parseLabelInteger(text: string): bigint | undefined {
  if (!/^[+-]?\d+$/.test(text)) return undefined;
  const value = text.startsWith('-') ? -BigInt(text.slice(1)) : BigInt(text.replace('+', ''));
  return value >= -int64End && value < int64End ? value : undefined;
}

const everything: LabelMatcher = () => true;
const nothing: LabelMatcher = () => false;

function restrict(test: KeyTest, requirement: Requirement): void {
  switch (requirement.operator) {
    case 'in': {
      const { allowed } = test;
      test.required = true;
      test.allowed = new Set(
        allowed === undefined ? requirement.values : requirement.values.filter((value) => allowed.has(value)),
      );
      return;
    }
    case 'notin':
      for (const value of requirement.values) test.denied.add(value);
      return;
    case 'exists':
      test.required = true;
      return;
    case '!':
      test.forbidden = true;
      return;
    case '>':
      test.required = true;
      if (test.above === undefined || requirement.bound > test.above) test.above = requirement.bound;
      return;
    case '<':
      test.required = true;
      if (test.below === undefined || requirement.bound < test.below) test.below = requirement.bound;
      return;
  }
}

function isBetween({ above, below }: KeyTest, value: string): boolean {
  if (above === undefined && below === undefined) return true;
  const integer = parseLabelInteger(value);
  return integer !== undefined && (above === undefined || integer > above) && (below === undefined || integer < below);
}

function allows(test: KeyTest, value: string): boolean {
  if (test.forbidden || test.denied.has(value) || test.allowed?.has(value) === false) return false;
  return isBetween(test, value);
}

/**
 * A function that says whether labels meet every requirement; without requirements all do. What it
 * costs depends on the number of labels, not on that of requirements or their values.
 */
export function compileLabelSelector(selector: LabelSelector): LabelMatcher {
  if (selector.length === 0) return everything;
  const tests = new Map<string, KeyTest>();
  for (const requirement of selector) {
    const test = tests.get(requirement.key) ?? {
      required: false,
      forbidden: false,
      allowed: undefined,
      denied: new Set(),
      above: undefined,
      below: undefined,
    };
    restrict(test, requirement);
    tests.set(requirement.key, test);
  }
  let required = 0;
  for (const test of tests.values()) {
    if (test.required) required++;
    if (test.required && (test.forbidden || test.allowed?.size === 0)) return nothing;
  }
  return (labels) => {
    let found = 0;
    for (const key in labels) {
      const test = tests.get(key);
      if (test === undefined) continue;
      if (!allows(test, labels[key] ?? '')) return false;
      if (test.required) found++;
    }
    return found === required;
  };
}

/** A spec's selector as requirements. Throws RangeError for an operator that does not exist. */
export function labelSelectorOf(spec: LabelSelectorSpec): LabelSelector {
  const requirements: Requirement[] = [];
  for (const [key, value] of Object.entries(spec.matchLabels ?? {}))
    requirements.push({ key, operator: 'in', values: [value] });
  for (const { key, operator, values } of spec.matchExpressions ?? []) {
    switch (operator) {
      case 'In':
        requirements.push({ key, operator: 'in', values: values ?? [] });
        break;
      case 'NotIn':
        requirements.push({ key, operator: 'notin', values: values ?? [] });
        break;
      case 'Exists':
        requirements.push({ key, operator: 'exists' });
        break;
      case 'DoesNotExist':
        requirements.push({ key, operator: '!' });
        break;
      default:
        throw new RangeError(`${JSON.stringify(operator)} is not a valid label selector operator`);
    }
  }
  return requirements;
}
