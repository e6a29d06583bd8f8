/** What every service has before it is composed, whichever service it is. */
import type { Clock, Random, Reloads, UncaughtErrors } from '@kcp-ts/base';
import { createSystemClock, createSystemRandom } from '@kcp-ts/base';
import type { EtcdMetrics } from '@kcp-ts/etcd';
import { createEtcdMetrics } from '@kcp-ts/etcd';
import type { LogControl } from '@kcp-ts/observability';
import { createLogControl } from '@kcp-ts/observability';
import type { Logger } from 'pino';
import type { ServiceLoad, ServiceLoadOptions } from './service-load.ts';
import { createServiceLoad, defaultInFlight } from './service-load.ts';

export interface ServiceContext<Config> {
  readonly config: Config;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  /** How much of it is written, which may change. */
  readonly logging: Pick<LogControl, 'verbosity' | 'setVerbosity'>;
  readonly load: ServiceLoad;
  readonly reloads: Reloads | undefined;
  /** Of all its clients of etcd; their series are among those of `load`. */
  readonly etcdMetrics: EtcdMetrics;
}

/** What the process that runs a service tells it. */
export interface ProcessEvents {
  /** For the metrics. */
  readonly uncaught: Pick<UncaughtErrors, 'count'>;
  /** SIGHUP: everything that is in files is read again. */
  readonly reloads: Reloads;
}

export function createServiceContext<
  Config extends { readonly verbosity: number; readonly loggingFormat?: string } & Partial<ServiceLoadOptions>,
>(config: Config, process: ProcessEvents | undefined, clock: Clock = createSystemClock()): ServiceContext<Config> {
  const format = config.loggingFormat === 'text' ? 'text' : 'json';
  const logging = createLogControl(config.verbosity, { format, monotonic: () => clock.monotonic() });
  const etcdMetrics = createEtcdMetrics(clock);
  const load = createServiceLoad({ ...defaultInFlight, ...config }, process?.uncaught);
  return {
    config,
    clock,
    random: createSystemRandom(),
    log: logging.log,
    logging,
    load: { ...load, series: [...load.series, ...etcdMetrics.series] },
    etcdMetrics,
    reloads: process?.reloads,
  };
}
