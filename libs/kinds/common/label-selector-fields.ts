import { atomicList, mapOf, object, string, text, texts } from '@kcp-ts/schema/builder';

const values = texts('Values for In and NotIn; empty for the others.');
const operator = 'relates to the values: In, NotIn, Exists or DoesNotExist.';

export const labelRequirement = object(
  'One condition on a label.',
  { key: text('Label key.'), operator: text(`How the label ${operator}`), values },
  ['key', 'operator'],
);

export const fieldRequirement = object(
  'One condition on a field.',
  { key: text('Name of the field.'), operator: text(`How the field ${operator}`), values },
  ['key', 'operator'],
);

/** The fields of a label selector. */
export const labelSelectorFields = {
  matchExpressions: atomicList('Conditions that must all hold.', labelRequirement),
  matchLabels: mapOf('Labels that must all be there with these values.', string),
};
