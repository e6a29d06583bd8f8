export type { Histogram } from './histogram.ts';
export { createHistogram } from './histogram.ts';
export { createLogger, levelOf } from './logging.ts';
export type { Series, SeriesValues } from './metrics-page.ts';
export { createMetricsPage } from './metrics-page.ts';
