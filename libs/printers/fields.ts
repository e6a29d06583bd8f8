/**
 * Reading of objects whose shape is not known for sure: what is missing or of another type reads as
 * empty.
 */
import { isNumber } from '@kcp-ts/schema';

export type Fields = Readonly<Record<string, unknown>>;

const nothing: Fields = Object.freeze({});

export function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : nothing;
}

export function listOf(value: unknown): readonly Fields[] {
  return Array.isArray(value) ? value.map(fieldsOf) : [];
}

export function textOf(value: unknown): string {
  return typeof value === 'string' ? value : isNumber(value) ? String(value) : '';
}
