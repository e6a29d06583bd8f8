import {
  anyObject,
  atomicList,
  flag,
  int32,
  int64,
  kindSchema,
  mapList,
  object,
  text,
  texts,
  timestamp,
} from '@kcp-ts/schema/builder';
import type { Kind } from '../../../common/kind.ts';
import { builtinKind, partOf } from '../../../common/kind.ts';
import { createdAtColumn, nameColumn } from '../../common/columns.ts';
import { keptEmpty, keptNull, keptText, webhookClientConfig } from '../../common/schemas.ts';
import { conditionalUpdateRules } from '../../common/write-rules.ts';
import { customResourceDefinition } from './protobuf.ts';
import { createCustomResourceDefinitionsStrategy } from './strategy.ts';

const nameFields = {
  categories: texts('Groups of resources that it belongs to, e.g. `all`.'),
  kind: text('Kind of the objects, in CamelCase.', keptText),
  listKind: text('Kind of lists; the kind and `List` when empty.'),
  plural: text('Name in URLs: plural, in lower case.', keptText),
  shortNames: texts('Short names for command lines.'),
  singular: text('Singular name; the kind in lower case when empty.'),
};

const conversion = object(
  'How objects are brought from one version to another.',
  {
    strategy: text('None: only apiVersion changes. Webhook: a webhook converts.', keptText),
    webhook: object(
      'The webhook.',
      {
        clientConfig: webhookClientConfig('Where to call.'),
        conversionReviewVersions: texts('Versions of ConversionReview that the webhook understands.', keptNull),
      },
      ['conversionReviewVersions'],
    ),
  },
  ['strategy'],
  { default: { strategy: 'None' } },
);

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
  ['name', 'type', 'jsonPath'],
);

const scale = object(
  'Serves `/scale`.',
  {
    labelSelectorPath: text('Where the selector of the replicas is.'),
    specReplicasPath: text('Where the wanted number of replicas is.'),
    statusReplicasPath: text('Where the present number of replicas is.'),
  },
  ['specReplicasPath', 'statusReplicasPath'],
);

const versionSchema = object(
  'A version of the resource.',
  {
    additionalPrinterColumns: atomicList('Columns of tables after the name.', column),
    deprecated: flag('True: clients that use this version are warned.'),
    deprecationWarning: text('The words of that warning.'),
    name: text('Name of the version, e.g. `v1`.'),
    schema: object('What objects of this version look like.', {
      openAPIV3Schema: anyObject('A structural OpenAPI v3 schema.'),
    }),
    selectableFields: atomicList(
      'Fields that field selectors may name.',
      object('A field.', { jsonPath: text('Where the field is, e.g. `.spec.color`.') }, ['jsonPath']),
    ),
    served: flag('True: this version is served.', { default: false }),
    storage: flag('True for the one version that objects are stored in.', { default: false }),
    subresources: object('Subresources of the objects.', {
      scale,
      status: object('Serves `/status`: the status is written there, and only there.', {}),
    }),
  },
  ['name', 'served', 'storage'],
);

const condition = object(
  'One thing that is known of the definition.',
  {
    lastTransitionTime: timestamp('When the status last changed.', keptNull),
    message: text('Explanation for people.'),
    observedGeneration: int64('Generation that the condition was made for.'),
    reason: text('Explanation for programs, one word in CamelCase.'),
    status: text('True, False or Unknown.'),
    type: text('Established, NamesAccepted, NonStructuralSchema or Terminating.'),
  },
  ['type', 'status'],
);

const schema = kindSchema(
  'CustomResourceDefinition adds a resource to this workspace. Its name is `<plural>.<group>`.',
  {
    spec: object(
      'The resource.',
      {
        conversion,
        group: text('API group of the resource.'),
        names: object('Names of the resource.', nameFields, ['plural', 'kind'], keptEmpty),
        preserveUnknownFields: flag('Must be false: what is unknown is dropped.'),
        scope: text('Cluster or Namespaced.'),
        versions: atomicList('Versions of the resource; the best is listed first to clients.', versionSchema, keptNull),
      },
      ['group', 'names', 'scope', 'versions'],
      keptEmpty,
    ),
    status: object(
      'What became of the definition.',
      {
        acceptedNames: object('Names that are served.', nameFields, ['plural', 'kind'], keptEmpty),
        conditions: mapList('What is known of the definition.', ['type'], condition, keptNull),
        observedGeneration: int64('Generation that was last looked at.'),
        storedVersions: texts('Versions that objects may be stored in.', keptNull),
      },
      undefined,
      keptEmpty,
    ),
  },
  ['spec'],
);

export const customResourceDefinitions: Kind = builtinKind({
  group: 'apiextensions.k8s.io',
  version: 'v1',
  kind: 'CustomResourceDefinition',
  plural: 'customresourcedefinitions',
  shortNames: ['crd', 'crds'],
  categories: ['api-extensions'],
  subresources: [partOf('status')],
  schema,
  writeRules: { ...conditionalUpdateRules, statusKeepsMetadata: true },
  strategy: createCustomResourceDefinitionsStrategy,
  protobuf: customResourceDefinition,
  columns: [nameColumn, createdAtColumn],
});
