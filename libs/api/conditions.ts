/**
 * Conditions of kcp's kinds: one of a type, sorted by type with the summary `Ready` first, a
 * transition time that moves only with the status.
 */
import type { Condition } from './kube-object.ts';

export type ConditionChange = Omit<Condition, 'lastTransitionTime'>;

const severityOrder = ['Error', 'Warning', 'Info'];

function same(a: Condition, b: ConditionChange): boolean {
  return a.status === b.status && a.reason === b.reason && a.message === b.message && a.severity === b.severity;
}

/** The conditions with one set. The list that is given is not changed. */
export function withCondition(conditions: readonly Condition[], change: ConditionChange, now: string): Condition[] {
  const before = conditions.find((condition) => condition.type === change.type);
  if (before !== undefined && same(before, change)) return [...conditions];
  const next: Condition = {
    lastTransitionTime: before !== undefined && before.status === change.status ? before.lastTransitionTime : now,
    ...change,
  };
  const others = conditions.filter((condition) => condition.type !== change.type);
  return [...others, next].sort(byType);
}

function byType(a: Condition, b: Condition): number {
  if (a.type === 'Ready' || b.type === 'Ready') return a.type === b.type ? 0 : a.type === 'Ready' ? -1 : 1;
  return a.type < b.type ? -1 : a.type > b.type ? 1 : 0;
}

/**
 * `Ready`, out of the conditions that count: False with the gravest failure's reason, else True.
 */
export function withSummary(conditions: readonly Condition[], types: readonly string[], now: string): Condition[] {
  const counted = conditions.filter((condition) => types.includes(condition.type));
  const failures = counted.filter((condition) => condition.status === 'False');
  failures.sort((a, b) => severityOrder.indexOf(a.severity ?? 'Error') - severityOrder.indexOf(b.severity ?? 'Error'));
  const [gravest] = failures;
  if (gravest === undefined) return withCondition(conditions, { type: 'Ready', status: 'True' }, now);
  const { lastTransitionTime: _t, ...rest } = gravest;
  return withCondition(conditions, { ...rest, type: 'Ready' }, now);
}

export function isTrueCondition(conditions: readonly Condition[] | undefined, type: string): boolean {
  return conditions?.some((condition) => condition.type === type && condition.status === 'True') === true;
}
