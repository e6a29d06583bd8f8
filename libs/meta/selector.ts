/** Label and field selectors: parsed once, asked often. Texts of errors as apimachinery's parser gives them. */

export type Requirement =
  | { readonly key: string; readonly operator: 'in' | 'notin'; readonly values: readonly string[] }
  | { readonly key: string; readonly operator: 'exists' | '!' };

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

/** Every requirement holds; a selector without requirements selects everything. */
export function matchesLabels(selector: LabelSelector, labels: Readonly<Record<string, string>> | undefined): boolean {
  for (const requirement of selector) {
    const value = labels?.[requirement.key];
    switch (requirement.operator) {
      case 'in':
        if (value === undefined || !requirement.values.includes(value)) return false;
        break;
      case 'notin':
        if (value !== undefined && requirement.values.includes(value)) return false;
        break;
      case 'exists':
        if (value === undefined) return false;
        break;
      case '!':
        if (value !== undefined) return false;
        break;
    }
  }
  return true;
}

/** A spec's selector as requirements. */
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
