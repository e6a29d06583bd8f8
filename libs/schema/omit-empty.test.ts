import { expect, it } from 'vitest';
import { compileOmitEmpty } from './omit-empty.ts';

const text = { type: 'string' } as const;
const schema = {
  type: 'object',
  required: ['verbs'],
  properties: {
    verbs: { type: 'array', items: text },
    names: { type: 'array', items: text },
    kept: { type: 'array', items: text, default: null, nullable: true },
    labels: { type: 'object', additionalProperties: text },
    struct: { type: 'object', properties: { names: { type: 'array', items: text }, title: text } },
    list: {
      type: 'array',
      items: { type: 'object', properties: { labels: { type: 'object', additionalProperties: text } } },
    },
    any: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
    title: text,
    count: { type: 'integer' },
  },
} as const;

const full = () => ({
  verbs: [],
  names: [],
  kept: [],
  labels: {},
  struct: { names: [], title: '' },
  list: [{ labels: {} }],
  any: {},
  title: '',
  count: 0,
});

it('leaves out empty maps and lists, and keeps what Go always writes', () => {
  const object = full();
  compileOmitEmpty(schema, false)(object);
  expect(object).toEqual({ verbs: [], kept: [], struct: { title: '' }, list: [{}], any: {}, title: '', count: 0 });
});

it('leaves out empty texts where it is asked to', () => {
  const object = full();
  compileOmitEmpty(schema, true)(object);
  expect(object).toEqual({ verbs: [], kept: [], struct: {}, list: [{}], any: {}, count: 0 });
});
