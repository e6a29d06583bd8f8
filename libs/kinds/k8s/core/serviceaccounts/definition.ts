import { atomicList, flag, kindSchema, mergeList, object, text } from '@kcp-ts/schema/builder';
import type { Kind } from '../../../common/kind.ts';
import { builtinKind } from '../../../common/kind.ts';
import { ageColumn, nameColumn } from '../../common/columns.ts';
import { objectReference } from '../../common/schemas.ts';
import { usualWriteRules } from '../../common/write-rules.ts';
import { serviceAccount, tokenRequest } from './protobuf.ts';
import { createServiceAccountsStrategy } from './strategy.ts';
import { createTokenRequestHandler } from './token-handler.ts';
import { tokenRequestSchema } from './token-request-schema.ts';

const schema = kindSchema('ServiceAccount is an identity for programs.', {
  automountServiceAccountToken: flag('Whether programs get a token unasked.'),
  imagePullSecrets: atomicList(
    'Secrets to pull images with.',
    object('A Secret of the same namespace.', { name: text('Name of the Secret.') }, undefined, {
      'x-kubernetes-map-type': 'atomic',
    }),
  ),
  secrets: mergeList('Secrets that the account may use.', 'name', objectReference('A Secret.')),
});

export const serviceAccounts: Kind = builtinKind({
  group: '',
  version: 'v1',
  kind: 'ServiceAccount',
  plural: 'serviceaccounts',
  shortNames: ['sa'],
  namespaced: true,
  subresources: [
    {
      name: 'token',
      verbs: ['create'],
      kind: 'TokenRequest',
      group: 'authentication.k8s.io',
      version: 'v1',
      schema: tokenRequestSchema,
    },
  ],
  schema,
  writeRules: { ...usualWriteRules, returnsDeleted: true },
  strategy: createServiceAccountsStrategy,
  handler: createTokenRequestHandler,
  protobuf: serviceAccount,
  subresourceProtobuf: { token: tokenRequest },
  columns: [nameColumn, ageColumn],
});
