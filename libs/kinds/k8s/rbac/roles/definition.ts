import { kindSchema } from '@kcp-ts/schema/builder';
import type { Kind } from '../../../common/kind.ts';
import { builtinKind } from '../../../common/kind.ts';
import { createdAtColumn, nameColumn } from '../../common/columns.ts';
import { createOnUpdateRules } from '../../common/write-rules.ts';
import { policyRules } from '../policy-rules.ts';
import { role } from '../protobuf.ts';
import { createRolesStrategy } from './strategy.ts';

export const roles: Kind = builtinKind({
  group: 'rbac.authorization.k8s.io',
  version: 'v1',
  kind: 'Role',
  plural: 'roles',
  namespaced: true,
  nameFormat: 'path-segment',
  writeRules: createOnUpdateRules,
  strategy: createRolesStrategy,
  protobuf: role,
  schema: kindSchema('Role is a set of permissions in one namespace.', { rules: policyRules }),
  columns: [nameColumn, createdAtColumn],
});
