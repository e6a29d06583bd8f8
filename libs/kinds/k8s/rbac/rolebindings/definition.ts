import { kindSchema } from '@kcp-ts/schema/builder';
import type { Kind } from '../../../common/kind.ts';
import { builtinKind } from '../../../common/kind.ts';
import { createOnUpdateRules } from '../../common/write-rules.ts';
import { bindingColumns } from '../binding-columns.ts';
import { bindingFields } from '../binding-fields.ts';
import { binding } from '../protobuf.ts';
import { createRoleBindingsStrategy } from './strategy.ts';

export const roleBindings: Kind = builtinKind({
  group: 'rbac.authorization.k8s.io',
  version: 'v1',
  kind: 'RoleBinding',
  plural: 'rolebindings',
  namespaced: true,
  nameFormat: 'path-segment',
  writeRules: createOnUpdateRules,
  strategy: createRoleBindingsStrategy,
  protobuf: binding,
  schema: kindSchema('RoleBinding gives a Role or ClusterRole in one namespace.', bindingFields, ['roleRef']),
  columns: bindingColumns,
});
