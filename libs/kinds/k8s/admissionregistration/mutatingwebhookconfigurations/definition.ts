import { kindSchema, mergeList, object, text } from '@kcp-ts/schema/builder';
import type { Kind } from '../../../common/kind.ts';
import { builtinKind } from '../../../common/kind.ts';
import { conditionalUpdateRules } from '../../common/write-rules.ts';
import { mutatingWebhookConfiguration } from '../protobuf.ts';
import { createWebhookConfigurationsStrategy } from '../strategy.ts';
import { webhookColumns } from '../webhook-columns.ts';
import { webhookFields, webhookRequired } from '../webhook-fields.ts';

export const mutatingWebhookConfigurations: Kind = builtinKind({
  group: 'admissionregistration.k8s.io',
  version: 'v1',
  kind: 'MutatingWebhookConfiguration',
  plural: 'mutatingwebhookconfigurations',
  categories: ['api-extensions'],
  writeRules: conditionalUpdateRules,
  strategy: createWebhookConfigurationsStrategy,
  protobuf: mutatingWebhookConfiguration,
  columns: webhookColumns,
  schema: kindSchema('MutatingWebhookConfiguration names webhooks that may change or refuse objects.', {
    webhooks: mergeList(
      'The webhooks.',
      'name',
      object(
        'A webhook and what it is called for.',
        {
          ...webhookFields,
          reinvocationPolicy: text('Never, or IfNeeded: call again if a later webhook changed the object.', {
            default: 'Never',
          }),
        },
        webhookRequired,
      ),
    ),
  }),
});
