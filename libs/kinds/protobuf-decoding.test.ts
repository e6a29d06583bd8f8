/** What bodies of built-in kinds are decoded to, and what is refused. */
import { decodeKubernetes as decode } from '@kcp-ts/k8s-protobuf';
import { describe, expect, it } from 'vitest';
import { protobufMessages } from './kind-code.ts';
import { allKinds } from './kinds.ts';

const messages = protobufMessages(allKinds);
const decodeKubernetes = (bytes: Uint8Array) => decode(messages, bytes);

function varint(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 0x7f; rest = Math.floor(rest / 128)) bytes.push((rest & 0x7f) | 0x80);
  return [...bytes, rest];
}

function bytesField(number: number, value: Uint8Array | string): Uint8Array {
  const bytes = Buffer.from(value);
  return Buffer.concat([Buffer.from([...varint(number * 8 + 2), ...varint(bytes.length)]), bytes]);
}

function intField(number: number, value: number): Uint8Array {
  return Buffer.from([...varint(number * 8), ...varint(value)]);
}

/** Seven bits in each byte, the lowest first, as of 64 bits with a sign. */
function longField(number: number, value: bigint): Uint8Array {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, value);
  for (; rest > 0x7fn; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
  return Buffer.from([...varint(number * 8), ...bytes, Number(rest)]);
}

function body(apiVersion: string, kind: string, ...fields: Uint8Array[]): Uint8Array {
  const typeMeta = Buffer.concat([bytesField(1, apiVersion), bytesField(2, kind)]);
  return Buffer.concat([Buffer.from('k8s\0'), bytesField(1, typeMeta), bytesField(2, Buffer.concat(fields))]);
}

function entry(key: string, value: Uint8Array | string): Uint8Array {
  return Buffer.concat([bytesField(1, key), bytesField(2, value)]);
}

describe('a protobuf body', () => {
  it('of a Secret becomes the object that JSON has, bytes in base64', () => {
    const metadata = Buffer.concat([bytesField(1, 'pass'), bytesField(11, entry('app', 'x')), bytesField(4, '')]);
    const secret = body(
      'v1',
      'Secret',
      bytesField(1, metadata),
      bytesField(2, entry('a', Uint8Array.of(1, 2))),
      bytesField(3, 'Opaque'),
      intField(5, 1),
    );
    expect(decodeKubernetes(secret)).toEqual({
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'pass', labels: { app: 'x' } },
      data: { a: 'AQI=' },
      type: 'Opaque',
      immutable: true,
    });
  });

  it('keeps an empty string that Go points to: a lease that was released, a precondition that cannot hold', () => {
    const lease = decodeKubernetes(
      body('coordination.k8s.io/v1', 'Lease', bytesField(2, Buffer.concat([bytesField(1, ''), intField(2, 1)]))),
    );
    expect(lease?.['spec']).toEqual({ holderIdentity: '', leaseDurationSeconds: 1 });
    const options = decodeKubernetes(body('v1', 'DeleteOptions', bytesField(2, bytesField(1, ''))));
    expect(options?.['preconditions']).toEqual({ uid: '' });
  });

  it.each([2n ** 63n - 1n, -(2n ** 63n), 9007199254740993n])('keeps the integer %s', (value) => {
    const options = decodeKubernetes(body('v1', 'DeleteOptions', longField(1, value)));
    expect(JSON.stringify(options)).toBe(`{"apiVersion":"v1","kind":"DeleteOptions","gracePeriodSeconds":${value}}`);
  });

  it('of a Role keeps its rules in order', () => {
    const rule = (verb: string) =>
      bytesField(2, Buffer.concat([bytesField(1, verb), bytesField(2, ''), bytesField(3, 'configmaps')]));
    const role = decodeKubernetes(
      body('rbac.authorization.k8s.io/v1', 'Role', bytesField(1, bytesField(1, 'r')), rule('get'), rule('list')),
    );
    expect(role?.['rules']).toEqual([
      { verbs: ['get'], apiGroups: [''], resources: ['configmaps'] },
      { verbs: ['list'], apiGroups: [''], resources: ['configmaps'] },
    ]);
  });

  it('with times writes them as RFC 3339 and leaves out the zero time', () => {
    const metadata = Buffer.concat([bytesField(1, 'n'), bytesField(8, intField(1, 1_790_000_000))]);
    expect(decodeKubernetes(body('v1', 'Namespace', bytesField(1, metadata)))?.['metadata']).toEqual({
      name: 'n',
      creationTimestamp: '2026-09-21T14:13:20Z',
    });
  });

  it('of a CRD has its schema, with what Go writes in other forms', () => {
    const double = (number: number, value: number) => {
      const bytes = Buffer.alloc(8);
      bytes.writeDoubleLE(value);
      return Buffer.concat([Buffer.from(varint(number * 8 + 1)), bytes]);
    };
    const json = (number: number, text: string) => bytesField(number, bytesField(1, text));
    const property = (name: string, ...fields: Uint8Array[]) => bytesField(29, entry(name, Buffer.concat(fields)));
    const text = bytesField(5, 'string');
    const schema = Buffer.concat([
      bytesField(5, 'object'),
      property('size', bytesField(5, 'number'), double(9, 2.5), double(11, 0), intField(10, 0), json(8, '1')),
      property('list', bytesField(24, bytesField(1, text)), json(20, '["a"]'), json(20, '{"b":null}')),
      property('map', bytesField(30, Buffer.concat([intField(1, 1), bytesField(2, text)])), intField(38, 1)),
      property('open', bytesField(30, intField(1, 1)), intField(40, 1), intField(37, 0)),
    ]);
    const version = Buffer.concat([bytesField(1, 'v1'), intField(2, 1), intField(3, 0), intField(7, 0)]);
    const spec = Buffer.concat([
      bytesField(1, 'g.io'),
      bytesField(7, Buffer.concat([version, bytesField(4, bytesField(1, schema)), bytesField(5, bytesField(1, ''))])),
      bytesField(9, Buffer.concat([bytesField(1, 'None')])),
      intField(10, 0),
    ]);
    const decoded = decodeKubernetes(
      body('apiextensions.k8s.io/v1', 'CustomResourceDefinition', bytesField(1, ''), bytesField(2, spec)),
    );
    expect(decoded?.['spec']).toEqual({
      group: 'g.io',
      versions: [
        {
          name: 'v1',
          served: true,
          storage: false,
          schema: {
            openAPIV3Schema: {
              type: 'object',
              properties: {
                size: { type: 'number', maximum: 2.5, minimum: 0, default: 1 },
                list: { items: { type: 'string' }, enum: [['a'], { b: null }] },
                map: { additionalProperties: { type: 'string' }, 'x-kubernetes-preserve-unknown-fields': true },
                open: { additionalProperties: true, 'x-kubernetes-int-or-string': true },
              },
            },
          },
          subresources: { status: {} },
        },
      ],
      conversion: { strategy: 'None' },
    });
  });

  it('of a webhook configuration has the rules in their operations, as JSON has them', () => {
    const rule = Buffer.concat([bytesField(1, ''), bytesField(2, 'v1'), bytesField(3, 'secrets')]);
    const webhook = Buffer.concat([
      bytesField(1, 'a.b.c'),
      bytesField(2, bytesField(2, 'pem')),
      bytesField(3, Buffer.concat([bytesField(1, 'CREATE'), bytesField(2, rule)])),
      bytesField(5, ''),
    ]);
    const kind = ['admissionregistration.k8s.io/v1', 'MutatingWebhookConfiguration'] as const;
    expect(decodeKubernetes(body(...kind, bytesField(2, webhook)))?.['webhooks']).toEqual([
      {
        name: 'a.b.c',
        clientConfig: { caBundle: 'cGVt' },
        rules: [{ operations: ['CREATE'], apiGroups: [''], apiVersions: ['v1'], resources: ['secrets'] }],
        namespaceSelector: {},
      },
    ]);
  });

  it.each([
    ['JSON that is none', bytesField(8, bytesField(1, '{'))],
    ['a number that JSON has no word for', Buffer.from([9 * 8 + 1, 0, 0, 0, 0, 0, 0, 0xf0, 0x7f])],
    ['half a number', Buffer.from([9 * 8 + 1, 0, 0, 0])],
  ])('of a CRD with %s is a bad request', (_what, schema) => {
    const version = bytesField(4, bytesField(1, schema));
    const definition = body(
      'apiextensions.k8s.io/v1',
      'CustomResourceDefinition',
      bytesField(2, bytesField(7, version)),
    );
    expect(() => decodeKubernetes(definition)).toThrow(expect.objectContaining({ code: 400 }));
  });

  it("of a kind that is not read in this form is nobody's", () => {
    expect(decodeKubernetes(body('apps/v1', 'Deployment'))).toBeUndefined();
  });

  it.each([
    ['nothing', Buffer.alloc(0)],
    ['no envelope', Buffer.from('{}')],
    ['a length past the end', Buffer.from([...Buffer.from('k8s\0'), 0x0a, 0x7f])],
    ['a length of more than 32 bits', Buffer.from([...Buffer.from('k8s\0'), 0x0a, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01])],
    ['a field without a number', Buffer.from([...Buffer.from('k8s\0'), 0x00, 0x00])],
  ])('of %s is a bad request', (_what, bytes) => {
    expect(() => decodeKubernetes(bytes)).toThrow('not a valid Kubernetes protobuf message');
  });
});
