/** `spec.signerName` of a certificate request: a domain and a path below it. */
import type { FieldError } from '@kcp-ts/api';
import { invalidValue, requiredValue, validateDnsLabel, validateDnsSubdomain } from '@kcp-ts/api';

const domainLengthMax = 253;
const labelLengthMax = 63;
const nameLengthMax = domainLengthMax + labelLengthMax + 255;
const legacyUnknown = 'kubernetes.io/legacy-unknown';

export function signerNameErrors(name: string, field: string): FieldError[] {
  if (name === legacyUnknown) {
    return [invalidValue(field, name, 'the legacy signerName is not allowed via this API version')];
  }
  if (name === '') return [requiredValue(field)];
  const segments = name.split('/');
  const [domain = '', path = ''] = segments;
  if (segments.length !== 2) {
    const why = `must be a fully qualified domain and path of the form 'example.com/signer-name'`;
    return [invalidValue(field, name, why)];
  }
  const errors =
    domain.split('.').length < 2
      ? [invalidValue(field, domain, 'should be a domain with at least two segments separated by dots')]
      : [];
  for (const problem of validateDnsSubdomain(domain))
    errors.push(invalidValue(field, domain, `validating label ${JSON.stringify(domain)}: ${problem}`));
  for (const label of path.split('.')) {
    for (const problem of validateDnsLabel(label))
      errors.push(invalidValue(field, path, `validating label ${JSON.stringify(label)}: ${problem}`));
  }
  if (name.length > nameLengthMax)
    errors.push({ kind: 'TooLong', field, message: `Too long: may not be more than ${nameLengthMax} bytes` });
  return errors;
}
