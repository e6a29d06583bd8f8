import { certificateRequests } from '@kcp-ts/testing';
import { beforeEach, expect, test } from 'vitest';
import type { TestRegistry } from '../../../common/test-registry.fixture.ts';
import { createTestRegistry, refusal, testTime } from '../../../common/test-registry.fixture.ts';

const plural = 'certificatesigningrequests';
const pem = (type: string) => Buffer.from(`-----BEGIN ${type}-----\nAAAA\n-----END ${type}-----\n`).toString('base64');

const csr = (spec: object = {}) => ({
  apiVersion: 'certificates.k8s.io/v1',
  kind: 'CertificateSigningRequest',
  metadata: { name: 'k' },
  spec: { request: certificateRequests.ecdsa, signerName: 'example.com/x', usages: ['client auth'], ...spec },
});

let on: TestRegistry;

beforeEach(() => {
  on = createTestRegistry({ user: { name: 'ann', uid: '7', groups: ['dev'], extra: { a: ['b'] } } });
});

test('a request says who asked, whatever the client says', async () => {
  const made = await on.create(plural, csr({ username: 'root', groups: ['system:masters'] }));
  expect(made).toMatchObject({
    spec: { username: 'ann', uid: '7', groups: ['dev'], extra: { a: ['b'] } },
    status: {},
  });
});

test.each([
  [
    { request: 'bm90IGEgY3Ny' },
    'spec.request: Invalid value: "bm90IGEgY3Ny": PEM block type must be CERTIFICATE REQUEST',
  ],
  [
    { request: pem('CERTIFICATE REQUEST') },
    `spec.request: Invalid value: "${pem('CERTIFICATE REQUEST')}": asn1: structure error: not a certificate request`,
  ],
  [{ usages: [] }, 'spec.usages: Required value'],
  [{ usages: ['client auth', 'client auth'] }, 'spec.usages[1]: Duplicate value: "client auth"'],
  [
    { signerName: 'x' },
    'spec.signerName: Invalid value: "x": must be a fully qualified domain and path of the form \'example.com/signer-name\'',
  ],
  [
    { expirationSeconds: 599 },
    'spec.expirationSeconds: Invalid value: 599: may not specify a duration less than 600 seconds (10 minutes)',
  ],
])('a request with %j is refused', async (spec, message) => {
  expect(await refusal(on.create(plural, csr(spec)))).toEqual([message]);
});

test('nothing of the spec changes any more', async () => {
  const made = await on.create(plural, csr());
  const changed = await on.update(plural, { ...made, spec: { ...(made['spec'] as object), usages: ['server auth'] } });
  expect(changed['spec']).toEqual(made['spec']);
});

test('an approval is stamped, decides once, and leaves the certificate to the signer', async () => {
  const made = await on.create(plural, csr());
  const decide = (type: string, more: object = {}) =>
    on.update(
      plural,
      {
        ...made,
        metadata: { name: 'k' },
        status: { conditions: [{ type, status: 'True', ...more }], certificate: pem('CERTIFICATE') },
      },
      'approval',
    );
  expect((await decide('Approved', { reason: 'Fine' }))['status']).toEqual({
    conditions: [
      { type: 'Approved', status: 'True', reason: 'Fine', lastUpdateTime: testTime, lastTransitionTime: testTime },
    ],
  });
  expect(await refusal(decide('Denied'))).toEqual([
    'status.conditions: Forbidden: updates may not remove a condition of type "Approved"',
  ]);
  expect(await refusal(decide('Approved', { status: 'False' }))).toEqual([
    'status.conditions[0].status: Unsupported value: "False": supported values: "True"',
  ]);
});

test('a status brings the certificate and decides nothing', async () => {
  const made = await on.create(plural, csr());
  const write = (status: object) => on.update(plural, { ...made, metadata: { name: 'k' }, status }, 'status');
  expect(await refusal(write({ conditions: [{ type: 'Approved', status: 'True' }] }))).toEqual([
    'status.conditions: Forbidden: updates may not add a condition of type "Approved"',
  ]);
  expect(await write({ certificate: pem('CERTIFICATE') })).toMatchObject({
    status: { certificate: pem('CERTIFICATE') },
  });
  expect(await refusal(write({ certificate: pem('OTHER') }))).toEqual([
    'status.certificate: Forbidden: updates may not modify existing certificate content',
  ]);
});

test('a condition is of one type, has a type, and an approval may say any but drop none', async () => {
  const made = await on.create(plural, csr());
  const approve = (...conditions: object[]) =>
    on.update(plural, { ...made, metadata: { name: 'k' }, status: { conditions } }, 'approval');
  expect(await refusal(approve({ type: '', status: 'True' }))).toEqual(['status.conditions[0].type: Required value']);
  const approved = { type: 'Approved', status: 'True' };
  expect(await refusal(approve(approved, approved))).toEqual([
    'status.conditions[1]: Duplicate value: {"type":"Approved"}',
  ]);
  expect(await refusal(approve(approved, { type: 'Denied', status: 'True' }))).toContainEqual(
    expect.stringContaining('Approved and Denied conditions are mutually exclusive'),
  );
  expect(await approve({ type: 'Failed', status: 'True' }, approved)).toMatchObject({
    status: { conditions: [{ type: 'Failed' }, { type: 'Approved' }] },
  });
  expect(await refusal(approve(approved))).toEqual([
    'status.conditions: Forbidden: updates may not remove a condition of type "Failed"',
  ]);
});

test('a user who approves or signs needs the right to the signer, by its name or that of its domain', async () => {
  const asked: string[] = [];
  const rights = new Set<string>();
  on = createTestRegistry({
    maySign(_user, verb, name) {
      asked.push(`${verb} ${name}`);
      return rights.has(`${verb} ${name}`);
    },
  });
  const made = await on.create(plural, csr());
  const write = (subresource: string, status: object) =>
    on.update(plural, { ...made, metadata: { name: 'k' }, status }, subresource);
  const approval = { conditions: [{ type: 'Approved', status: 'True' }] };
  await expect(write('approval', approval)).rejects.toMatchObject({
    code: 403,
    message:
      'certificatesigningrequests.certificates.k8s.io "k" is forbidden: user not permitted to approve requests with signerName "example.com/x"',
  });
  rights.add('approve example.com/*');
  await write('approval', approval);
  const signed = { ...approval, certificate: pem('CERTIFICATE') };
  await expect(write('status', signed)).rejects.toMatchObject({
    code: 403,
    message:
      'certificatesigningrequests.certificates.k8s.io "k" is forbidden: user not permitted to sign requests with signerName "example.com/x"',
  });
  rights.add('sign example.com/x');
  const done = await write('status', signed);
  expect(new Set(asked)).toEqual(
    new Set(['approve example.com/x', 'approve example.com/*', 'sign example.com/x', 'sign example.com/*']),
  );
  // A status that says what is there already signs nothing.
  rights.clear();
  await write('status', done['status'] as object);
});

test.each(['masters', 'mastersInBmpString'] as const)(
  'nobody asks the signer of client certificates for system:masters (%s)',
  async (name) => {
    const asking = (signerName: string) => on.create(plural, csr({ request: certificateRequests[name], signerName }));
    await expect(asking('kubernetes.io/kube-apiserver-client')).rejects.toMatchObject({
      code: 403,
      message:
        'certificatesigningrequests.certificates.k8s.io "k" is forbidden: use of kubernetes.io/kube-apiserver-client signer with system:masters group is not allowed',
    });
    await asking('example.com/x');
  },
);
