import type { ResourceDefinition } from '@kcp-ts/api';
import { builtinDefinition, partOf } from '../../define-resource.ts';
import {
  bytes,
  int32,
  kindSchema,
  mapList,
  mapOf,
  object,
  string,
  text,
  texts,
  timestamp,
} from '../../schema-builder.ts';
import { ageColumn, nameColumn } from '../columns.ts';
import { keptEmpty, keptNull } from '../common-schemas.ts';

const condition = object(
  'One thing that was decided about the request.',
  {
    lastTransitionTime: timestamp('When the status last changed.', keptNull),
    lastUpdateTime: timestamp('When the condition was last written.', keptNull),
    message: text('Explanation for people.'),
    reason: text('Explanation for programs.'),
    status: text('True, False or Unknown; Approved, Denied and Failed may only be True.'),
    type: text('Approved, Denied or Failed.'),
  },
  ['type', 'status'],
);

const schema = kindSchema(
  'CertificateSigningRequest asks a signer for a certificate, once it is approved.',
  {
    spec: object(
      'The request; cannot be changed.',
      {
        expirationSeconds: int32('How long the certificate should be good for; at least 600.'),
        extra: mapOf('What else is known of who asked. Set by the server.', { type: 'array', items: string }),
        groups: texts('Groups of who asked. Set by the server.'),
        request: { ...bytes('The request: PEM of a PKCS#10 request.'), ...keptNull },
        signerName: text('Who should sign, as `example.io/name`.'),
        uid: text('UID of who asked. Set by the server.'),
        usages: texts('What the certificate is for, e.g. `client auth`.'),
        username: text('Who asked. Set by the server.'),
      },
      ['request', 'signerName'],
      keptEmpty,
    ),
    status: object(
      'What became of the request.',
      {
        certificate: bytes('The certificate: PEM, with those that lead to the root.'),
        conditions: mapList('What was decided.', ['type'], condition),
      },
      undefined,
      keptEmpty,
    ),
  },
  ['spec'],
);

export const certificateSigningRequests: ResourceDefinition = builtinDefinition({
  group: 'certificates.k8s.io',
  version: 'v1',
  kind: 'CertificateSigningRequest',
  plural: 'certificatesigningrequests',
  shortNames: ['csr'],
  subresources: [partOf('approval'), partOf('status')],
  schema,
  nameFormat: 'path-segment',
  strategy: 'certificatesigningrequests',
  selectableFields: ['.spec.signerName'],
  columns: [
    nameColumn,
    ageColumn,
    { name: 'SignerName', type: 'string', description: 'Who should sign.', jsonPath: '.spec.signerName' },
    { name: 'Requestor', type: 'string', description: 'Who asked.', jsonPath: '.spec.username' },
    {
      name: 'RequestedDuration',
      type: 'string',
      description: 'How long the certificate should be good for.',
      cell: 'csr-requested-duration',
    },
    { name: 'Condition', type: 'string', description: 'What became of the request.', cell: 'csr-condition' },
  ],
});
