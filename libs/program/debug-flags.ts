/**
 * `PUT /debug/flags/v`, as kube-apiserver has it: how much is logged, from now on. For certificates
 * of `system:masters`; others are not told that there is such a path.
 */
import type { CertificateVerdict } from '@kcp-ts/authn';
import { mastersGroup } from '@kcp-ts/authn';
import type { Exchange, Peer } from '@kcp-ts/http';
import type { LogControl } from '@kcp-ts/observability';

export interface DebugFlagsDependencies {
  readonly logging: Pick<LogControl, 'verbosity' | 'setVerbosity'>;
  readCertificate(peer: Peer): CertificateVerdict;
}

const path = '/debug/flags/v';
const verbosityMax = 10;
const bodyBytesMax = 16;
const headers = { 'content-type': 'text/plain; charset=utf-8', 'x-content-type-options': 'nosniff' };

/** Undefined where the request is about something else. */
export function answerDebugFlags(
  { logging, readCertificate }: DebugFlagsDependencies,
  exchange: Exchange,
): Promise<void> | undefined {
  if (exchange.url !== path) return undefined;
  const verdict = readCertificate(exchange.peer);
  if (verdict.kind !== 'user' || !verdict.user.groups.includes(mastersGroup)) return undefined;
  return answer(logging, exchange);
}

async function answer(logging: DebugFlagsDependencies['logging'], exchange: Exchange): Promise<void> {
  if (exchange.method === 'GET') return exchange.respond(200, headers, String(logging.verbosity()));
  if (exchange.method !== 'PUT') return exchange.respond(405, { ...headers, allow: 'GET, PUT' }, 'unrecognized method');
  const text = Buffer.from(await exchange.readBody(bodyBytesMax))
    .toString('utf8')
    .trim();
  const verbosity = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (!(verbosity <= verbosityMax)) {
    const error = `failed to set -v: it takes a number from 0 to ${verbosityMax}, not ${JSON.stringify(text)}`;
    return exchange.respond(400, headers, error);
  }
  logging.setVerbosity(verbosity);
  exchange.respond(200, headers, `successfully set klog.logging.verbosity to ${verbosity}`);
}
