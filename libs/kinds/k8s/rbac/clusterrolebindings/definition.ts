import { kindSchema } from '@kcp-ts/schema/builder';
import type { Kind } from '../../../common/kind.ts';
import { builtinKind } from '../../../common/kind.ts';
import { createOnUpdateRules } from '../../common/write-rules.ts';
import { bindingColumns } from '../binding-columns.ts';
import { bindingFields } from '../binding-fields.ts';
import { binding } from '../protobuf.ts';
import { createRoleBindingsStrategy } from '../rolebindings/strategy.ts';

export const clusterRoleBindings: Kind = builtinKind({
  group: 'rbac.authorization.k8s.io',
  version: 'v1',
  kind: 'ClusterRoleBinding',
  plural: 'clusterrolebindings',
  nameFormat: 'path-segment',
  writeRules: createOnUpdateRules,
  strategy: createRoleBindingsStrategy,
  protobuf: binding,
  schema: kindSchema('ClusterRoleBinding gives a ClusterRole in the whole workspace.', bindingFields, ['roleRef']),
  columns: bindingColumns,
});
