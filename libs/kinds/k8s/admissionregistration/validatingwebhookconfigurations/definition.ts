import { kindSchema, mergeList, object } from '@kcp-ts/schema/builder';
import type { Kind } from '../../../common/kind.ts';
import { builtinKind } from '../../../common/kind.ts';
import { conditionalUpdateRules } from '../../common/write-rules.ts';
import { validatingWebhookConfiguration } from '../protobuf.ts';
import { createWebhookConfigurationsStrategy } from '../strategy.ts';
import { webhookColumns } from '../webhook-columns.ts';
import { webhookFields, webhookRequired } from '../webhook-fields.ts';

export const validatingWebhookConfigurations: Kind = builtinKind({
  group: 'admissionregistration.k8s.io',
  version: 'v1',
  kind: 'ValidatingWebhookConfiguration',
  plural: 'validatingwebhookconfigurations',
  categories: ['api-extensions'],
  writeRules: conditionalUpdateRules,
  strategy: createWebhookConfigurationsStrategy,
  protobuf: validatingWebhookConfiguration,
  columns: webhookColumns,
  schema: kindSchema('ValidatingWebhookConfiguration names webhooks that may refuse objects.', {
    webhooks: mergeList(
      'The webhooks.',
      'name',
      object('A webhook and what it is called for.', webhookFields, webhookRequired),
    ),
  }),
});
