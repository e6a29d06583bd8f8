import { kindSchema, list, mapList, object, string, text } from '@kcp-ts/schema/builder';
import type { Kind } from '../../../common/kind.ts';
import { ageDate, definitionOnly, kcpKind } from '../../../common/kind.ts';
import { versionPattern } from '../../common/schemas.ts';

const rule = object(
  'How one field is made.',
  {
    destination: text('The field that is written.', { minLength: 1 }),
    field: text('The field that is read.', { minLength: 1 }),
    transformation: text('CEL expression over `self`, the field that was read.'),
  },
  ['destination', 'field'],
);

const conversion = object(
  'How one version is made of another.',
  {
    from: text('Version that is read.', { minLength: 1, pattern: versionPattern }),
    preserve: list('Fields that are kept for the way back.', string),
    rules: mapList('How the fields are made.', ['destination'], rule),
    to: text('Version that is written.', { minLength: 1, pattern: versionPattern }),
  },
  ['from', 'rules', 'to'],
);

export const apiConversions: Kind = kcpKind({
  group: 'apis.kcp.io',
  version: 'v1alpha1',
  kind: 'APIConversion',
  plural: 'apiconversions',
  strategy: definitionOnly,
  columns: [ageDate],
  schema: kindSchema(
    'APIConversion says how versions of an APIResourceSchema of the same name are converted.',
    {
      spec: object('The rules.', { conversions: mapList('One for each way.', ['from', 'to'], conversion) }, [
        'conversions',
      ]),
    },
    ['metadata', 'spec'],
  ),
});
