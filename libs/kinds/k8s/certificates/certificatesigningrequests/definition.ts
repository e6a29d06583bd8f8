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
} from '@kcp-ts/schema/builder';
import type { Kind } from '../../../common/kind.ts';
import { builtinKind, partOf } from '../../../common/kind.ts';
import { keptEmpty, keptNull } from '../../common/schemas.ts';
import { usualWriteRules } from '../../common/write-rules.ts';
import { requestColumns } from './columns.ts';
import { certificateSigningRequest } from './protobuf.ts';
import { createCertificateSigningRequestsStrategy } from './strategy.ts';

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

export const certificateSigningRequests: Kind = builtinKind({
  group: 'certificates.k8s.io',
  version: 'v1',
  kind: 'CertificateSigningRequest',
  plural: 'certificatesigningrequests',
  shortNames: ['csr'],
  subresources: [partOf('approval'), partOf('status')],
  schema,
  nameFormat: 'path-segment',
  writeRules: usualWriteRules,
  strategy: createCertificateSigningRequestsStrategy,
  protobuf: certificateSigningRequest,
  selectableFields: ['.spec.signerName'],
  columns: requestColumns,
});
