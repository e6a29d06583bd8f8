import type { KubeObject } from '@kcp-ts/api';
import { expect, test } from 'vitest';
import { createTestRegistry, refusal } from '../../../common/test-registry.fixture.ts';

const plural = 'workspacetypes';

function workspaceType(spec: object, name = 'team'): KubeObject {
  return { apiVersion: 'tenancy.kcp.io/v1alpha1', kind: 'WorkspaceType', metadata: { name }, spec };
}

test('limits without a path mean types beside this one', async () => {
  const made = await createTestRegistry().create(
    plural,
    workspaceType({ limitAllowedChildren: { types: [{ name: 'a' }, { name: 'b', path: 'root:org' }] } }),
  );
  expect(made).toMatchObject({
    metadata: { annotations: { 'kcp.io/path': 'root:here' } },
    spec: {
      limitAllowedChildren: {
        types: [
          { name: 'a', path: 'root:here' },
          { name: 'b', path: 'root:org' },
        ],
      },
    },
  });
});

test('the type of root is in root', async () => {
  expect(await refusal(createTestRegistry().create(plural, workspaceType({}, 'root')))).toEqual([
    'workspacetypes.tenancy.kcp.io "root" is forbidden: root workspace type can only be created in root cluster',
  ]);
});

test('its author may bind what its workspaces will bind, unless it was there', async () => {
  let open = true;
  const on = createTestRegistry({ deps: { mayBind: () => open } });
  const bindings = [{ export: 'a', path: 'root:org' }];
  const made = await on.create(plural, workspaceType({ defaultAPIBindings: bindings }));
  open = false;
  const same = await on.update(plural, { ...made, metadata: { ...made.metadata, labels: { a: 'b' } } });
  const more = { ...same, spec: { defaultAPIBindings: [...bindings, { export: 'b' }] } };
  expect(await refusal(on.update(plural, more))).toEqual([
    'workspacetypes.tenancy.kcp.io "team" is forbidden: unable to create or update WorkspaceType: no permission to bind to export root:here:b',
  ]);
});
