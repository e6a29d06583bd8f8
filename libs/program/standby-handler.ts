/** What a process answers while it does not serve its shard: probes, and its own metrics. */
import { createStandbyServer } from '@kcp-ts/apiserver';
import type { Authenticator } from '@kcp-ts/authn';
import type { ExchangeHandler } from '@kcp-ts/http';
import { createMetricsPage } from '@kcp-ts/observability';
import type { RoleReport } from './report-role.ts';
import type { ServiceContext } from './service-context.ts';

export function standbyHandler(
  { random, log, load }: Pick<ServiceContext<unknown>, 'random' | 'log' | 'load'>,
  role: RoleReport,
  authenticator: Pick<Authenticator, 'authenticate'>,
): ExchangeHandler {
  return createStandbyServer({
    random,
    checks: [{ name: 'ping', live: true, check: () => undefined }, role.check, role.serving],
    authenticate: authenticator.authenticate,
    metrics: createMetricsPage([...load.series, ...role.series]),
    unavailable: role.unavailable,
    logFault: ({ id }, error) => log.error({ id, err: error.cause }, error.message),
  });
}
