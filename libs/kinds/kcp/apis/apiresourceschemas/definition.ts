import {
  anyObject,
  atomicList,
  bytes,
  flag,
  int32,
  kindSchema,
  mapList,
  object,
  oneOf,
  text,
  texts,
} from '@kcp-ts/schema/builder';
import type { Kind } from '../../../common/kind.ts';
import { ageDate, kcpKind } from '../../../common/kind.ts';
import { versionPattern } from '../../common/schemas.ts';
import { createApiResourceSchemasStrategy } from './strategy.ts';

const column = object(
  'A column of tables.',
  {
    description: text('What the column shows.'),
    format: text('Format of the cells.'),
    jsonPath: text('Where the cell comes from, e.g. `.spec.size`.'),
    name: text('Title of the column.'),
    priority: int32('Columns above 0 are shown in wide tables only.'),
    type: text('integer, number, string, boolean or date.'),
  },
  ['jsonPath', 'name', 'type'],
);

const conversion = object(
  'How objects are brought from one version to another; required for several versions.',
  {
    strategy: oneOf('None: only apiVersion changes. Webhook: a webhook converts.', ['None', 'Webhook']),
    webhook: object(
      'The webhook.',
      {
        clientConfig: object('Where to call.', {
          caBundle: bytes('PEM certificates that the webhook is trusted by.'),
          url: text('Where the webhook is, as `https://host:port/path`.', { format: 'uri' }),
        }),
        conversionReviewVersions: texts('Versions of ConversionReview that the webhook understands.'),
      },
      ['conversionReviewVersions'],
    ),
  },
  ['strategy'],
);

const names = object(
  'Names of the resource.',
  {
    categories: texts('Groups of resources that it belongs to, e.g. `all`.'),
    kind: text('Kind of the objects, in CamelCase.'),
    listKind: text('Kind of lists; the kind and `List` when empty.'),
    plural: text('Name in URLs: plural, in lower case.'),
    shortNames: texts('Short names for command lines.'),
    singular: text('Singular name; the kind in lower case when empty.'),
  },
  ['kind', 'plural'],
);

const subresources = object('Subresources of the objects.', {
  scale: object(
    'Serves `/scale`.',
    {
      labelSelectorPath: text('Where the selector of the replicas is.'),
      specReplicasPath: text('Where the wanted number of replicas is.'),
      statusReplicasPath: text('Where the present number of replicas is.'),
    },
    ['specReplicasPath', 'statusReplicasPath'],
  ),
  status: object('Serves `/status`: the status is written there, and only there.', {}),
});

const version = object(
  'A version of the resource.',
  {
    additionalPrinterColumns: mapList('Columns of tables after the name.', ['name'], column),
    deprecated: flag('True: clients that use this version are warned.'),
    deprecationWarning: text('The words of that warning.'),
    name: text('Name of the version, e.g. `v1`.', { minLength: 1, pattern: versionPattern }),
    schema: anyObject('A structural OpenAPI v3 schema.', { 'x-kubernetes-map-type': 'atomic' }),
    selectableFields: atomicList(
      'Fields that field selectors may name.',
      object('A field.', { jsonPath: text('Where the field is, e.g. `.spec.color`.') }, ['jsonPath']),
    ),
    served: flag('True: this version is served.', { default: true }),
    storage: flag('True for the one version that objects are stored in.'),
    subresources,
  },
  ['name', 'schema', 'served', 'storage'],
);

export const apiResourceSchemas: Kind = kcpKind({
  group: 'apis.kcp.io',
  version: 'v1alpha1',
  kind: 'APIResourceSchema',
  plural: 'apiresourceschemas',
  strategy: createApiResourceSchemasStrategy,
  columns: [ageDate],
  schema: kindSchema(
    'APIResourceSchema describes a resource for APIExports. Its name is `<prefix>.<plural>.<group>`, its spec never changes.',
    {
      spec: object(
        'The resource; cannot be changed.',
        {
          conversion,
          group: text('API group; empty for the core group.'),
          nameValidation: oneOf('What names of objects may look like.', ['DNS1123Subdomain', 'PathSegmentName'], {
            default: 'DNS1123Subdomain',
          }),
          names,
          scope: oneOf('Whether objects stand in namespaces.', ['Cluster', 'Namespaced']),
          versions: mapList('Versions of the resource.', ['name'], version, { minItems: 1 }),
        },
        ['group', 'names', 'scope', 'versions'],
      ),
    },
  ),
});
