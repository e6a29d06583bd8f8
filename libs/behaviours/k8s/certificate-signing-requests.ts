/** CertificateSigningRequests say who asked, never change what was asked, and are approved through their own subresource. */
import { isDeepStrictEqual } from 'node:util';
import type { Condition, FieldError, KubeObject } from '@kcp-ts/meta';
import { forbiddenField, invalidValue, requiredValue } from '@kcp-ts/meta';
import type { Behaviour } from '@kcp-ts/registry';

interface Request extends KubeObject {
  spec?: { request?: string; signerName?: string; usages?: string[]; username?: string; uid?: string; groups?: readonly string[]; extra?: object };
  status?: { conditions?: Condition[]; certificate?: string };
}

const decisions = new Set(['Approved', 'Denied']);
const pemHeader = '-----BEGIN CERTIFICATE REQUEST-----';

function validate(object: KubeObject): FieldError[] {
  const { request = '', signerName = '', usages = [] } = (object as Request).spec ?? {};
  const errors: FieldError[] = [];
  if (request === '') errors.push(requiredValue('spec.request'));
  else if (!Buffer.from(request, 'base64').toString('latin1').includes(pemHeader)) {
    errors.push(invalidValue('spec.request', request, 'PEM block type must be CERTIFICATE REQUEST'));
  }
  if (usages.length === 0) errors.push(requiredValue('spec.usages'));
  if (signerName === '') errors.push(requiredValue('spec.signerName'));
  else if (!signerName.includes('/')) errors.push(invalidValue('spec.signerName', signerName, 'must be a fully qualified domain and path of the form "example.com/signer-name"'));
  return errors;
}

function decided(request: Request): Condition[] {
  return (request.status?.conditions ?? []).filter(({ type }) => decisions.has(type));
}

export function createCertificateSigningRequestsBehaviour(): Behaviour {
  return {
    prepareCreate(object, { user }) {
      const request = object as Request;
      const { username: _n, uid: _u, groups: _g, extra: _e, ...spec } = request.spec ?? {};
      request.spec = {
        ...spec,
        username: user.name,
        ...(user.uid === undefined ? {} : { uid: user.uid }),
        groups: user.groups,
        ...(user.extra === undefined ? {} : { extra: user.extra }),
      };
      request.status = {};
    },
    prepareUpdate(object, old, { subresource, timestamp }) {
      const request = object as Request;
      const before = old as Request;
      if (before.spec !== undefined) request.spec = before.spec;
      if (subresource !== 'approval') return;
      const others = (before.status?.conditions ?? []).filter(({ type }) => !decisions.has(type));
      const now = decided(request).map((condition) => ({ ...condition, lastUpdateTime: timestamp, lastTransitionTime: condition.lastTransitionTime ?? timestamp }));
      request.status = { ...before.status, conditions: [...others, ...now] };
    },
    validateCreate: validate,
    validateUpdate(object, old, { subresource }) {
      if (subresource === 'approval') {
        const types = new Set(decided(object as Request).map(({ type }) => type));
        return types.size > 1 ? [invalidValue('status.conditions', [...types], 'Approved and Denied conditions are mutually exclusive')] : [];
      }
      return isDeepStrictEqual(decided(object as Request), decided(old as Request)) ? [] : [forbiddenField('status.conditions', 'updates may not modify a condition of type "Approved" or "Denied"')];
    },
  };
}
