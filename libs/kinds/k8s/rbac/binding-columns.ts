import type { PrinterColumn } from '@kcp-ts/api';
import type { Fields } from '@kcp-ts/printers';
import { fieldsOf, listOf, textOf } from '@kcp-ts/printers';
import { ageColumn, nameColumn } from '../common/columns.ts';

function name(of: Fields): string {
  return textOf(of['name']);
}

/** `<kind>/<name>`. */
function roleOf(object: Fields): string {
  const role = fieldsOf(object['roleRef']);
  return `${textOf(role['kind'])}/${name(role)}`;
}

/** The subjects of one kind, joined by `, `. */
function subjects(kind: string, text: (subject: Fields) => string): (object: Fields) => string {
  return (object) =>
    listOf(object['subjects'])
      .filter((subject) => subject['kind'] === kind)
      .map(text)
      .join(', ');
}

/** The table of RoleBindings and ClusterRoleBindings. */
export const bindingColumns: readonly PrinterColumn[] = [
  nameColumn,
  { name: 'Role', type: 'string', description: 'The role that is given.', cell: roleOf },
  ageColumn,
  { name: 'Users', type: 'string', description: 'Users who get the role.', priority: 1, cell: subjects('User', name) },
  {
    name: 'Groups',
    type: 'string',
    description: 'Groups that get the role.',
    priority: 1,
    cell: subjects('Group', name),
  },
  {
    name: 'ServiceAccounts',
    type: 'string',
    description: 'Service accounts that get the role.',
    priority: 1,
    cell: subjects('ServiceAccount', (subject) => `${textOf(subject['namespace'])}/${name(subject)}`),
  },
];
