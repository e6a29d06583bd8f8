import type { ClusterName, ResourceDefinition, ResourceRequestInfo } from '@kcp-ts/api';
import { StatusError } from '@kcp-ts/api';
import { createSystemTurns } from '@kcp-ts/base';
import type { Admission, Attributes } from '@kcp-ts/registry';
import { noAdmission } from '@kcp-ts/registry';
import { expect, test } from 'vitest';
import type { ApiRequest } from '../api-request.ts';
import { createMediaReader } from '../encode/media.ts';
import { gizmos, serveGizmos } from '../gizmos.fixture.ts';
import type { ServerDependencies, SpecialHandler } from '../server-dependencies.ts';
import type { View } from '../view.ts';
import type { ResourceHandlerDependencies } from './resource.ts';
import { handleResource } from './resource.ts';

const definition: ResourceDefinition = {
  ...gizmos,
  verbs: ['get', 'create'],
  subresources: [{ name: 'exec', verbs: ['get', 'create'] }],
};
const served = serveGizmos(definition, { kind: 'builtin' });
const cluster = 'here' as ClusterName;

/** Asks for `gizmos/ok/exec`; what happened, in order. */
async function connect(admission: Admission, verb: 'get' | 'create', happened: string[]): Promise<void> {
  const clock = { now: () => 0, monotonic: () => 0 };
  const turns = createSystemTurns(clock);
  const exec: SpecialHandler = {
    name: 'gizmos.rec.io/exec',
    connects: true,
    handle({ body }) {
      happened.push(`opened, ${body === undefined ? 'its body not read' : 'its body read'}`);
      return Promise.resolve({ status: 200, object: { apiVersion: 'v1', kind: 'Status' } });
    },
  };
  const deps = { turns, registry: { clock, turns, admission }, special: new Map([[exec.name, exec]]) };
  const exchange = { headers: {}, respond: (status: number) => void happened.push(`answered ${status}`) };
  const request = { exchange, user: { name: 'ann', groups: [] }, warnings: [], id: '' } as unknown as ApiRequest;
  const view = {
    cluster,
    authorizer: { authorize: () => undefined },
    api: { find: () => served },
    storageFor: () => ({ objectFilter: () => undefined }),
  } as unknown as View;
  const api: ResourceRequestInfo = {
    kind: 'resource',
    verb,
    group: 'rec.io',
    version: 'v1',
    resource: 'gizmos',
    identity: undefined,
    namespace: 'default',
    name: 'ok',
    subresource: 'exec',
    watch: false,
  };
  const from = { deps: deps as unknown as ServerDependencies, readMedia: createMediaReader() };
  await handleResource(from as unknown as ResourceHandlerDependencies, request, view, api);
}

test.each(['get', 'create'] as const)('admission sees a connection by %s before it is opened', async (verb) => {
  const happened: string[] = [];
  const note = (step: string, { operation, namespace, subresource, ...rest }: Attributes) => {
    const name = 'name' in rest ? rest.name : undefined;
    happened.push(`${step} ${operation} ${namespace}/${name}/${subresource} of ${rest.user.name}`);
  };
  const admit = (attributes: Attributes) => note('admit', attributes);
  const validate = (attributes: Attributes) => note('validate', attributes);
  await connect({ ...noAdmission, admit, validate }, verb, happened);
  expect(happened).toEqual([
    'admit CONNECT default/ok/exec of ann',
    'validate CONNECT default/ok/exec of ann',
    'opened, its body not read',
    'answered 200',
  ]);
});

test('a connection that admission refuses is not opened', async () => {
  const happened: string[] = [];
  const refusal = StatusError.forbidden(definition, 'ok', 'no connections');
  const validate = () => {
    throw refusal;
  };
  const error = await connect({ ...noAdmission, validate }, 'get', happened).catch((thrown: StatusError) => thrown);
  expect(error).toBe(refusal);
  expect(happened).toEqual([]);
});
