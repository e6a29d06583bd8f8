import type { ResourceDefinition } from '@kcp-ts/api';
import { builtinDefinition } from '../../define-resource.ts';
import { atomicList, flag, kindSchema, mergeList, object, text } from '../../schema-builder.ts';
import { tokenRequestSchema } from '../authentication/token-request.ts';
import { ageColumn, nameColumn } from '../columns.ts';
import { objectReference } from '../common-schemas.ts';

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

export const serviceAccounts: ResourceDefinition = builtinDefinition({
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
  strategy: 'serviceaccounts',
  columns: [nameColumn, ageColumn],
});
