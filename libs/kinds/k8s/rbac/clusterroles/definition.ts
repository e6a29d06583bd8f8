import { atomicList, kindSchema, object } from '@kcp-ts/schema/builder';
import type { Kind } from '../../../common/kind.ts';
import { builtinKind } from '../../../common/kind.ts';
import { createdAtColumn, nameColumn } from '../../common/columns.ts';
import { labelSelector } from '../../common/schemas.ts';
import { createOnUpdateRules } from '../../common/write-rules.ts';
import { policyRules } from '../policy-rules.ts';
import { clusterRole } from '../protobuf.ts';
import { createRolesStrategy } from '../roles/strategy.ts';

const aggregationRule = object('Makes the rules of this role from those of others; the server then writes `rules`.', {
  clusterRoleSelectors: atomicList('Selects the roles to join.', labelSelector('Selects roles by their labels.')),
});

export const clusterRoles: Kind = builtinKind({
  group: 'rbac.authorization.k8s.io',
  version: 'v1',
  kind: 'ClusterRole',
  plural: 'clusterroles',
  nameFormat: 'path-segment',
  writeRules: createOnUpdateRules,
  strategy: createRolesStrategy,
  protobuf: clusterRole,
  schema: kindSchema('ClusterRole is a set of permissions for the whole workspace, or to be given in a namespace.', {
    aggregationRule,
    rules: policyRules,
  }),
  columns: [nameColumn, createdAtColumn],
});
