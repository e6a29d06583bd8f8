/**
 * The cells that are computed: what `PrinterColumn.cell` may name. Durations are written as kubectl writes them (`5m`), `<unknown>` where the
 * time is missing.
 */
export const cellNames = [
  /** Time since metadata.creationTimestamp. */
  'age',
  /** metadata.creationTimestamp as it stands. */
  'created-at',
  /** Number of keys in data and binaryData together. */
  'configmap-data',
  /** Number of keys in data. */
  'secret-data',
  /** Time since series.lastObservedTime; without a series since lastTimestamp, else as `event-first-seen`. */
  'event-last-seen',
  /** Time since firstTimestamp, else since eventTime. */
  'event-first-seen',
  /** Kind in lower case and name of the object, `configmap/one`; the kind alone where there is no name. */
  'event-object',
  /** `component, host` or `controller, instance`, whichever are there. */
  'event-source',
  /** series.count, else count, else 1. */
  'event-count',
  /** `name: used/hard` for each resource but those of `quota-limits`, sorted, joined by `, `. */
  'quota-requests',
  /** The same for resources whose names begin with `limits.`. */
  'quota-limits',
  /** `Kind/name` of the role. */
  'binding-role',
  /** Names of subjects of kind User, joined by `, `. */
  'binding-users',
  /** Names of subjects of kind Group, joined by `, `. */
  'binding-groups',
  /** `namespace/name` of subjects of kind ServiceAccount, joined by `, `. */
  'binding-service-accounts',
  /** spec.expirationSeconds as a duration, `<none>` where it is missing. */
  'csr-requested-duration',
  /** Approved, Denied or Pending, then `,Failed` and `,Issued` as far as they hold. */
  'csr-condition',
  /** Number of webhooks. */
  'webhook-count',
] as const;

export type CellName = (typeof cellNames)[number];
