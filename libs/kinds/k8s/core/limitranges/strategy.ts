/**
 * LimitRanges: what is left out for containers comes from what is there, and the bounds of one
 * resource agree with each other.
 */

import type { FieldError, KubeObject, Quantity } from '@kcp-ts/api';
import {
  compareQuantities,
  duplicateValue,
  forbiddenField,
  formatQuantity,
  invalidValue,
  parseQuantity,
  requiredValue,
  validateQualifiedName,
} from '@kcp-ts/api';
import { pushAll } from '@kcp-ts/base';
import type { Strategy, WriteContext } from '@kcp-ts/registry';
import type { Checking } from '@kcp-ts/schema';
import { checkInSlices } from '@kcp-ts/schema';
import { anyResourceErrors, containerResourceErrors } from '../resource-names.ts';

type Amounts = Record<string, string | number>;
type Bound = 'max' | 'min' | 'default' | 'defaultRequest' | 'maxLimitRequestRatio';
type Item = { type?: string } & { [name in Bound]?: Amounts };
type Quantities = { readonly [name in Bound]: Quantity | undefined };

const bounds: readonly Bound[] = ['max', 'min', 'default', 'defaultRequest', 'maxLimitRequestRatio'];
const types = ['Pod', 'Container', 'PersistentVolumeClaim'];
const one: Quantity = { nano: 1_000_000_000n, format: 'DecimalSI' };

function itemsOf(object: KubeObject): Item[] {
  return ((object['spec'] as { limits?: Item[] } | undefined)?.limits ?? []) as Item[];
}

/** Limits default to the maximum; requests default to limits, then to the minimum. */
function complete(object: KubeObject): void {
  for (const item of itemsOf(object)) {
    if (item.type !== 'Container') continue;
    const limits = { ...item.max, ...item.default };
    const requests = { ...item.min, ...limits, ...item.defaultRequest };
    if (Object.keys(limits).length > 0) item.default = limits;
    if (Object.keys(requests).length > 0) item.defaultRequest = requests;
  }
}

function typeErrors(type: string, field: string): FieldError[] {
  const problems = validateQualifiedName(type);
  if (problems.length > 0) return problems.map((problem) => invalidValue(field, type, problem));
  if (type.includes('/') || types.includes(type)) return [];
  return [invalidValue(field, type, 'must be a standard limit type or fully qualified')];
}

function nameErrors(item: Item, field: string): FieldError[] {
  const check = item.type === 'Pod' || item.type === 'Container' ? containerResourceErrors : anyResourceErrors;
  return bounds.flatMap((bound) => {
    const names = Object.keys(item[bound] ?? {});
    if (item.type === 'Pod' && (bound === 'default' || bound === 'defaultRequest')) {
      return names.length === 0
        ? []
        : [forbiddenField(`${field}.${bound}`, "may not be specified when `type` is 'Pod'")];
    }
    return names.flatMap((name) => check(name, `${field}.${bound}[${name}]`));
  });
}

function quantitiesOf(item: Item, name: string): Quantities {
  const of = (bound: Bound) => {
    const amounts = item[bound];
    return amounts !== undefined && Object.hasOwn(amounts, name) ? parseQuantity(String(amounts[name])) : undefined;
  };
  return {
    max: of('max'),
    min: of('min'),
    default: of('default'),
    defaultRequest: of('defaultRequest'),
    maxLimitRequestRatio: of('maxLimitRequestRatio'),
  };
}

/**
 * `low` may not be above `high`: [low, its word, high, its word, the field at fault, the value to
 * show].
 */
type Order = readonly [low: Bound, lowWord: string, high: Bound, highWord: string, field: Bound, shown: Bound];

const orders: readonly Order[] = [
  ['min', 'min', 'max', 'max', 'min', 'min'],
  ['min', 'min', 'defaultRequest', 'default request', 'defaultRequest', 'defaultRequest'],
  ['defaultRequest', 'default request', 'max', 'max', 'defaultRequest', 'defaultRequest'],
  ['defaultRequest', 'default request', 'default', 'default limit', 'defaultRequest', 'defaultRequest'],
  ['min', 'min', 'default', 'default', 'default', 'min'],
  ['default', 'default', 'max', 'max', 'default', 'max'],
];

function orderErrors(amounts: Quantities, at: (bound: Bound) => string): FieldError[] {
  return orders.flatMap(([low, lowWord, high, highWord, field, shown]) => {
    const [below, above, value] = [amounts[low], amounts[high], amounts[shown]];
    if (below === undefined || above === undefined || value === undefined || compareQuantities(below, above) <= 0)
      return [];
    const why = `${lowWord} value ${formatQuantity(below)} is greater than ${highWord} value ${formatQuantity(above)}`;
    return [invalidValue(at(field), formatQuantity(value), why)];
  });
}

function ratioErrors({ max, min, maxLimitRequestRatio: ratio }: Quantities, field: string): FieldError[] {
  if (ratio === undefined) return [];
  const text = formatQuantity(ratio);
  const errors = compareQuantities(ratio, one) < 0 ? [invalidValue(field, text, `ratio ${text} is less than 1`)] : [];
  if (max === undefined || min === undefined || min.nano === 0n) return errors;
  const most = Number(max.nano) / Number(min.nano);
  if (Number(ratio.nano) / Number(one.nano) > most) {
    errors.push(invalidValue(field, text, `ratio ${text} is greater than max/min = ${most.toFixed(6)}`));
  }
  return errors;
}

function claimErrors(item: Item, field: string): FieldError[] {
  if (
    item.type !== 'PersistentVolumeClaim' ||
    item.min?.['storage'] !== undefined ||
    item.max?.['storage'] !== undefined
  )
    return [];
  return [
    requiredValue(`${field}.limits`, 'either minimum or maximum storage value is required, but neither was provided'),
  ];
}

function itemErrors(item: Item, field: string): FieldError[] {
  const names = [...new Set(bounds.flatMap((bound) => Object.keys(item[bound] ?? {})))].sort();
  return [
    ...nameErrors(item, field),
    ...claimErrors(item, field),
    ...names.flatMap((name) => {
      const amounts = quantitiesOf(item, name);
      const at = (bound: Bound) => `${field}.${bound}[${name}]`;
      return [...orderErrors(amounts, at), ...ratioErrors(amounts, at('maxLimitRequestRatio'))];
    }),
  ];
}

function* checkItems(object: KubeObject): Checking<FieldError[]> {
  const seen = new Set<string>();
  const errors: FieldError[] = [];
  for (const [i, item] of itemsOf(object).entries()) {
    const field = `spec.limits[${i}]`;
    const { type = '' } = item;
    errors.push(...typeErrors(type, `${field}.type`));
    if (seen.has(type)) errors.push(duplicateValue(`${field}.type`, type));
    seen.add(type);
    pushAll(errors, itemErrors(item, field));
    yield;
  }
  return errors;
}

export function createLimitRangesStrategy(): Strategy {
  const validate = (object: KubeObject, { slices }: WriteContext) => checkInSlices(checkItems(object), slices);
  return {
    prepareCreate: complete,
    prepareUpdate: complete,
    validateCreate: validate,
    validateUpdate: (object, _old, context) => validate(object, context),
  };
}
