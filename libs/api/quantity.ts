/**
 * resource.Quantity: a decimal number with an SI, binary or exponent suffix, and its one canonical
 * text.
 */
export interface Quantity {
  /** The value in billionths; finer fractions are rounded up, as Kubernetes does. */
  readonly nano: bigint;
  readonly format: 'DecimalSI' | 'BinarySI' | 'DecimalExponent';
}

const nanoPerUnit = 1_000_000_000n;
const pattern = /^([+-]?)(\d*)(?:\.(\d*))?(Ki|Mi|Gi|Ti|Pi|Ei|[numkMGTPE]?|[eE][+-]?\d{1,3})$/;
const binary: Readonly<Record<string, bigint>> = {
  Ki: 1n << 10n,
  Mi: 1n << 20n,
  Gi: 1n << 30n,
  Ti: 1n << 40n,
  Pi: 1n << 50n,
  Ei: 1n << 60n,
};
const decimal: Readonly<Record<string, number>> = { n: -9, u: -6, m: -3, '': 0, k: 3, M: 6, G: 9, T: 12, P: 15, E: 18 };
const decimalSuffixes = ['n', 'u', 'm', '', 'k', 'M', 'G', 'T', 'P', 'E'];
const binarySuffixes = ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei'];
const nanoMax = (2n ** 63n - 1n) * nanoPerUnit;

function divideUp(value: bigint, by: bigint): bigint {
  return (value + by - 1n) / by;
}

/** Undefined for text that is no quantity. Values beyond 2^63-1 are cut down to it. */
export function parseQuantity(text: string): Quantity | undefined {
  const match = pattern.exec(text);
  if (match === null || text.length > 64) return undefined;
  const [, sign = '', whole = '', fraction = '', suffix = ''] = match;
  if (whole === '' && fraction === '') return undefined;
  const digits = BigInt(`${whole}${fraction}` === '' ? 0 : `${whole}${fraction}`);
  const factor = binary[suffix];
  const exponent = decimal[suffix];
  let nano: bigint;
  let format: Quantity['format'];
  if (factor !== undefined) {
    nano = divideUp(digits * factor * nanoPerUnit, 10n ** BigInt(fraction.length));
    format = 'BinarySI';
  } else {
    const power = (exponent ?? Number(suffix.slice(1))) + 9 - fraction.length;
    nano = power >= 0 ? digits * 10n ** BigInt(power) : divideUp(digits, 10n ** BigInt(-power));
    format = exponent === undefined ? 'DecimalExponent' : 'DecimalSI';
  }
  if (nano > nanoMax) nano = nanoMax;
  return { nano: sign === '-' ? -nano : nano, format };
}

const wrongFormat = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";
const form = /^[+-]?[0-9]*(?:\.[0-9]*)?([eEinumkKMGTP]*[-+]?[0-9]*)$/;
const suffix = /^(?:[KMGTPE]i|[numkMGTPE]?|[eE][+-]?[0-9]+)$/;

/** Why a text is no quantity, in the words of resource.ParseQuantity. */
export function quantityProblem(text: string): string {
  const found = text === '' ? null : form.exec(text);
  if (found === null) return wrongFormat;
  return suffix.test(found[1] ?? '') ? 'unable to parse numeric part of quantity' : "unable to parse quantity's suffix";
}

const nanoPerMilli = 1_000_000n;

/** Rounded up to thousandths, as Kubernetes keeps the amounts of resource lists. */
export function roundedToMilli({ nano, format }: Quantity): Quantity {
  const size = nano < 0n ? -nano : nano;
  const rounded = divideUp(size, nanoPerMilli) * nanoPerMilli;
  return { nano: nano < 0n ? -rounded : rounded, format };
}

/** Negative, zero or positive, as for sorting. */
export function compareQuantities(a: Quantity, b: Quantity): number {
  return a.nano < b.nano ? -1 : a.nano > b.nano ? 1 : 0;
}

/** The canonical text: no fraction, the largest suffix that leaves a whole number. */
export function formatQuantity(quantity: Quantity): string {
  const { nano, format } = quantity;
  if (nano === 0n) return '0';
  const sign = nano < 0n ? '-' : '';
  let value = nano < 0n ? -nano : nano;
  if (format === 'BinarySI' && value % nanoPerUnit === 0n && value >= 1024n * nanoPerUnit) {
    value /= nanoPerUnit;
    let step = 0;
    while (step < binarySuffixes.length - 1 && value % 1024n === 0n) {
      value /= 1024n;
      step++;
    }
    return `${sign}${value}${binarySuffixes[step]}`;
  }
  let step = 0;
  while (step < decimalSuffixes.length - 1 && value % 1000n === 0n) {
    value /= 1000n;
    step++;
  }
  if (format !== 'DecimalExponent') return `${sign}${value}${decimalSuffixes[step]}`;
  const exponent = step * 3 - 9;
  return `${sign}${value}${exponent === 0 ? '' : `e${exponent}`}`;
}
