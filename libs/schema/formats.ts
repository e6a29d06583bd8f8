/** Formats of strings and numbers that kube-openapi checks; unknown formats say nothing. */
import { isIPv4, isIPv6 } from './ip.ts';

export type FormatCheck = (value: unknown) => boolean;

const dateTime = /^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])[Tt](?:[01]\d|2[0-3]):[0-5]\d:(?:[0-5]\d|60)(?:\.\d+)?(?:[Zz]|[+-](?:[01]\d|2[0-3]):[0-5]\d)$/;
const date = /^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])$/;
const hostname = /^[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?)*$/;
const email = /^[^\s@]+@[^\s@]+$/;
const uuid = /^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$/i;
const base64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
const mac = /^(?:[0-9a-fA-F]{2}[:-]){5}[0-9a-fA-F]{2}$/;
const duration = /^-?(?:\d+(?:\.\d*)?|\.\d+)(?:ns|us|µs|ms|s|m|h|d|w)(?:(?:\d+(?:\.\d*)?|\.\d+)(?:ns|us|µs|ms|s|m|h|d|w))*$/;

function text(test: (value: string) => boolean): FormatCheck {
  return (value) => typeof value !== 'string' || test(value);
}

function isUri(value: string): boolean {
  return URL.canParse(value) || (value.startsWith('/') && URL.canParse(value, 'http://h'));
}

function isCidr(value: string): boolean {
  const [address = '', bits = '', ...rest] = value.split('/');
  if (rest.length > 0 || !/^\d{1,3}$/.test(bits)) return false;
  return isIPv4(address) ? Number(bits) <= 32 : isIPv6(address) && Number(bits) <= 128;
}

export const formats: Readonly<Record<string, FormatCheck>> = {
  'date-time': text((value) => dateTime.test(value)),
  datetime: text((value) => dateTime.test(value)),
  date: text((value) => date.test(value)),
  hostname: text((value) => value.length <= 255 && hostname.test(value)),
  email: text((value) => email.test(value)),
  ipv4: text(isIPv4),
  ipv6: text(isIPv6),
  cidr: text(isCidr),
  mac: text((value) => mac.test(value)),
  uri: text(isUri),
  uuid: text((value) => uuid.test(value)),
  uuid3: text((value) => uuid.test(value)),
  uuid4: text((value) => uuid.test(value)),
  uuid5: text((value) => uuid.test(value)),
  byte: text((value) => base64.test(value)),
  duration: text((value) => value === '0' || duration.test(value)),
  int32: (value) => typeof value !== 'number' || (value >= -(2 ** 31) && value <= 2 ** 31 - 1),
  int64: (value) => typeof value !== 'number' || (value >= -(2 ** 63) && value <= 2 ** 63),
};
