/**
 * CertificateSigningRequests say who asked, never change what was asked, and are decided about
 * through their own subresource, once. Who approves or signs needs the right to the signer besides
 * the one to the subresource (Kubernetes' admission plugins CertificateApproval and
 * CertificateSigning), and nobody asks the signer of client certificates for `system:masters`
 * (CertificateSubjectRestriction).
 */

import { isDeepStrictEqual } from 'node:util';
import type { FieldError, KubeObject, LogicalClusterName, UserInfo } from '@kcp-ts/api';
import {
  duplicateValue,
  forbiddenField,
  invalidValue,
  requiredValue,
  StatusError,
  unsupportedValue,
} from '@kcp-ts/api';
import { pushAll } from '@kcp-ts/base';
import type { Strategy, WriteContext } from '@kcp-ts/registry';
import { CertificateRequestError, readCertificateRequest } from './certificate-request.ts';
import { signerNameErrors } from './signer-name.ts';

interface Decision {
  type: string;
  status: string;
  lastUpdateTime?: string | null;
  lastTransitionTime?: string | null;
}

interface Request extends KubeObject {
  spec?: {
    request?: string | null;
    signerName?: string;
    usages?: string[];
    expirationSeconds?: number;
    username?: string;
    uid?: string;
    groups?: readonly string[];
    extra?: object;
  };
  status?: { conditions?: Decision[]; certificate?: string };
}

export interface SignerDependencies {
  /**
   * Whether a user has a verb on the resource `signers` of certificates.k8s.io, of that name, in a
   * workspace.
   */
  maySign(user: UserInfo, cluster: LogicalClusterName, verb: 'approve' | 'sign', name: string): boolean;
}

const clientSigner = 'kubernetes.io/kube-apiserver-client';
const mastersGroup = 'system:masters';
const decisions = ['Approved', 'Denied'];
const finalTypes = [...decisions, 'Failed'];
const conditionsField = 'status.conditions';
const secondsMin = 600;
const usages = [
  'any',
  'cert sign',
  'client auth',
  'code signing',
  'content commitment',
  'crl sign',
  'data encipherment',
  'decipher only',
  'digital signature',
  'email protection',
  'encipher only',
  'ipsec end system',
  'ipsec tunnel',
  'ipsec user',
  'key agreement',
  'key encipherment',
  'microsoft sgc',
  'netscape sgc',
  'ocsp signing',
  's/mime',
  'server auth',
  'signing',
  'timestamping',
];

/** The first complete PEM block of a text in base64. */
function pemBlock(encoded: string): { readonly type: string; readonly der: Buffer } | undefined {
  const text = Buffer.from(encoded, 'base64').toString('latin1');
  const found = /-----BEGIN ([^\r\n]{1,64})-----\r?\n([A-Za-z0-9+/=\s]*)-----END \1-----/.exec(text);
  return found === null ? undefined : { type: found[1] ?? '', der: Buffer.from(found[2] ?? '', 'base64') };
}

function requestErrors(encoded: string): FieldError[] {
  const block = pemBlock(encoded);
  const wrong = (why: string) => [invalidValue('spec.request', encoded || null, why)];
  if (block?.type !== 'CERTIFICATE REQUEST') return wrong('PEM block type must be CERTIFICATE REQUEST');
  try {
    readCertificateRequest(block.der);
    return [];
  } catch (error) {
    if (error instanceof CertificateRequestError) return wrong(error.message);
    throw error;
  }
}

function conditionsOf(object: KubeObject): readonly Decision[] {
  return (object as Request).status?.conditions ?? [];
}

function conditionsOfType(object: KubeObject, type: string): readonly Decision[] {
  return conditionsOf(object).filter((condition) => condition.type === type);
}

function usageErrors(sent: readonly string[]): FieldError[] {
  if (sent.length === 0) return [requiredValue('spec.usages')];
  return sent.flatMap((usage, i) => {
    if (!usages.includes(usage)) return [unsupportedValue(`spec.usages[${i}]`, usage, usages)];
    return sent.indexOf(usage) < i ? [duplicateValue(`spec.usages[${i}]`, usage)] : [];
  });
}

function specErrors(object: KubeObject): FieldError[] {
  const { request, signerName = '', usages: sent = [], expirationSeconds } = (object as Request).spec ?? {};
  const errors = requestErrors(request ?? '');
  pushAll(errors, usageErrors(sent));
  pushAll(errors, signerNameErrors(signerName, 'spec.signerName'));
  if (expirationSeconds !== undefined && expirationSeconds < secondsMin) {
    const why = `may not specify a duration less than ${secondsMin} seconds (10 minutes)`;
    errors.push(invalidValue('spec.expirationSeconds', expirationSeconds, why));
  }
  return errors;
}

function conditionErrors(object: KubeObject): FieldError[] {
  const conditions = conditionsOf(object);
  const errors = conditions.flatMap(({ type, status }, i) => {
    const field = `${conditionsField}[${i}]`;
    const supported = finalTypes.includes(type) ? ['True'] : ['False', 'True', 'Unknown'];
    const found = type === '' ? [requiredValue(`${field}.type`)] : [];
    if (status === '') found.push(requiredValue(`${field}.status`));
    else if (!supported.includes(status)) found.push(unsupportedValue(`${field}.status`, status, supported));
    return found;
  });
  if (decisions.every((type) => conditions.some((condition) => condition.type === type))) {
    errors.push(invalidValue(conditionsField, 'Denied', 'Approved and Denied conditions are mutually exclusive'));
  }
  return errors;
}

/** Decisions stay; only the subresource `approval` makes them. */
function decisionErrors(object: KubeObject, old: KubeObject, approval: boolean): FieldError[] {
  const forbid = (type: string, verb: string) =>
    forbiddenField(conditionsField, `updates may not ${verb} a condition of type ${JSON.stringify(type)}`);
  return finalTypes.flatMap((type) => {
    const now = conditionsOfType(object, type);
    const before = conditionsOfType(old, type);
    if (now.length < before.length) return [forbid(type, 'remove')];
    if (approval || !decisions.includes(type)) return [];
    if (now.length > before.length) return [forbid(type, 'add')];
    return isDeepStrictEqual(now, before) ? [] : [forbid(type, 'modify')];
  });
}

function certificateErrors(object: KubeObject, old: KubeObject): FieldError[] {
  const before = (old as Request).status?.certificate ?? '';
  const now = (object as Request).status?.certificate ?? '';
  if (before === now) return [];
  const field = 'status.certificate';
  if (before !== '') return [forbiddenField(field, 'updates may not modify existing certificate content')];
  if (pemBlock(now)?.type === 'CERTIFICATE') return [];
  return [invalidValue(field, '<certificate data>', 'must contain at least one CERTIFICATE PEM block')];
}

/** New conditions get their times; one that keeps its status keeps the time of its transition. */
function stampConditions(conditions: readonly Decision[], old: KubeObject, timestamp: string): Decision[] {
  return conditions.map((condition) => {
    const before = conditionsOfType(old, condition.type).find(({ status }) => status === condition.status);
    return {
      ...condition,
      lastUpdateTime: condition.lastUpdateTime ?? timestamp,
      lastTransitionTime: condition.lastTransitionTime ?? before?.lastTransitionTime ?? timestamp,
    };
  });
}

function signerOf(object: KubeObject): string {
  return (object as Request).spec?.signerName ?? '';
}

function checkSubject(object: KubeObject, { served }: WriteContext): void {
  if (signerOf(object) !== clientSigner) return;
  const block = pemBlock((object as Request).spec?.request ?? '');
  if (block !== undefined && !readCertificateRequest(block.der).organizations.includes(mastersGroup)) return;
  const why = `use of ${clientSigner} signer with ${mastersGroup} group is not allowed`;
  throw StatusError.forbidden(served.definition, object.metadata.name, why);
}

export function createCertificateSigningRequestsStrategy({ maySign }: SignerDependencies): Strategy {
  /** By the signer's own name, or by that of its whole domain. */
  function checkSigner(verb: 'approve' | 'sign', old: KubeObject, { user, cluster, served }: WriteContext): void {
    const signer = signerOf(old);
    const [domain = ''] = signer.split('/');
    if (maySign(user, cluster, verb, signer) || maySign(user, cluster, verb, `${domain}/*`)) return;
    const why = `user not permitted to ${verb} requests with signerName ${JSON.stringify(signer)}`;
    throw StatusError.forbidden(served.definition, old.metadata.name, why);
  }

  return {
    prepareCreate(object, { user }) {
      const request = object as Request;
      const { username: _n, uid: _u, groups: _g, extra: _e, ...spec } = request.spec ?? {};
      request.spec = {
        ...spec,
        username: user.name,
        ...(user.uid === undefined || user.uid === '' ? {} : { uid: user.uid }),
        groups: user.groups,
        ...(user.extra === undefined ? {} : { extra: user.extra }),
      };
      request.status = {};
    },
    prepareUpdate(object, old, { subresource, timestamp }) {
      const request = object as Request;
      const before = old as Request;
      if (before.spec !== undefined) request.spec = before.spec;
      if (subresource === '') return;
      const conditions = stampConditions(conditionsOf(object), old, timestamp);
      // An approval says conditions and nothing else.
      const { conditions: _c, ...rest } = (subresource === 'approval' ? before.status : request.status) ?? {};
      request.status = { ...rest, ...(conditions.length === 0 ? {} : { conditions }) };
    },
    validateCreate: specErrors,
    validateUpdate: (object, old, { subresource }) =>
      subresource === ''
        ? []
        : [
            ...conditionErrors(object),
            ...decisionErrors(object, old, subresource === 'approval'),
            ...certificateErrors(object, old),
          ],
    admitCreate: checkSubject,
    admitUpdate(object, old, context) {
      if (context.subresource === 'approval') checkSigner('approve', old, context);
      if (context.subresource !== 'status') return;
      const [now, before] = [(object as Request).status, (old as Request).status];
      const same =
        (now?.certificate ?? '') === (before?.certificate ?? '') &&
        isDeepStrictEqual(now?.conditions ?? [], before?.conditions ?? []);
      if (!same) checkSigner('sign', old, context);
    },
  };
}
