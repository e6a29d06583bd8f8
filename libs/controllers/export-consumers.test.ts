import type { KubeObject } from '@kcp-ts/api';
import type { TestEnvironment } from '@kcp-ts/controller-runtime/testing';
import { testController } from '@kcp-ts/controller-runtime/testing';
import { bindingKey, exportConsumersPrefix, exportHash, exportLabel, parseExportConsumersKey } from '@kcp-ts/sharing';
import { describe, expect, it } from 'vitest';
import { bindingIndexOf, dependenciesOf, inCluster } from './controllers.fixture.ts';
import { createExportConsumers } from './export-consumers.ts';

const create = async (environment: TestEnvironment) =>
  createExportConsumers({
    ...dependenciesOf(environment),
    bindings: await bindingIndexOf(environment),
    ownShard: 'one',
  });

const hash = exportHash('provider', 'things');
const said = `${exportConsumersPrefix}${hash}/one`;

const binding = (completed: boolean, name = 'b'): KubeObject => ({
  apiVersion: 'apis.kcp.io/v1alpha2',
  kind: 'APIBinding',
  metadata: { name, labels: { [exportLabel]: hash } },
  status: { conditions: [{ type: 'InitialBindingCompleted', status: completed ? 'True' : 'False' }] },
});

describe('export-consumers', () => {
  it.each([
    { name: 'nobody is bound', objects: {}, expected: [] },
    { name: 'somebody is bound', objects: inCluster('c1', binding(true)), expected: [said] },
    { name: 'a binding has bound nothing yet', objects: inCluster('c1', binding(false)), expected: [] },
    { name: 'nobody is bound any more', objects: { [said]: {} }, expected: [] },
  ])('after a start says what is so where $name', async ({ objects, expected }) => {
    await using test = await testController(create, objects);
    expect(test.keys(exportConsumersPrefix)).toEqual(expected);
  });

  it('says when an export gets its first consumer, and when it loses its last', async () => {
    await using test = await testController(create);
    await test.put(bindingKey('c1', 'b'), binding(true));
    expect(test.keys(exportConsumersPrefix)).toEqual([said]);
    await test.put(bindingKey('c2', 'b'), binding(true));
    await test.delete(bindingKey('c1', 'b'));
    expect(test.keys(exportConsumersPrefix)).toEqual([said]);
    await test.delete(bindingKey('c2', 'b'));
    expect(test.keys(exportConsumersPrefix)).toEqual([]);
    expect(test.reconciled()).toEqual([hash, hash]);
  });

  it('the key names export and shard', () => {
    expect(parseExportConsumersKey(said)).toEqual({ hash, shard: 'one' });
  });
});
