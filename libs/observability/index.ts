export type { Histogram } from './histogram.ts';
export { createHistogram } from './histogram.ts';
export type { LogControl, LogFormat } from './logging.ts';
export { createLogControl, createLogger, levelOf } from './logging.ts';
export type { Series, SeriesValues } from './metrics-page.ts';
export { createMetricsPage } from './metrics-page.ts';
