/** What alerts and dashboards ask for is what the programs say of themselves. */
import { glob, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { chartFolder, root } from '@kcp-ts/build';
import { load } from 'js-yaml';
import { beforeAll, expect, it } from 'vitest';

interface Alert {
  readonly alert: string;
  readonly expr: string;
  readonly severity: string;
  readonly summary: string;
}

interface Dashboard {
  readonly panels: readonly { readonly title: string; readonly targets: readonly { readonly expr: string }[] }[];
}

/** Types by name, of all programs. */
const known = new Map<string, string>();
let alerts: readonly Alert[];
let dashboard: Dashboard;

beforeAll(async () => {
  for await (const path of glob('tests/cluster/metrics.*.golden.txt', { cwd: root }))
    for (const line of (await readFile(join(root, path), 'utf8')).split('\n')) {
      const [, name, type = ''] = /^(\w+) (counter|gauge|histogram|summary)$/.exec(line) ?? [];
      if (name !== undefined) known.set(name, type);
    }
  alerts = load(await readFile(join(chartFolder, 'alerts.yaml'), 'utf8')) as readonly Alert[];
  dashboard = JSON.parse(await readFile(join(chartFolder, 'dashboards/kcp-ts.json'), 'utf8')) as Dashboard;
});

/** The metrics of an expression that no program has, or that are used as what they are not. */
function faultsOf(expr: string): readonly string[] {
  const names = [...expr.matchAll(/\b(?:kcp|apiserver|etcd|process|nodejs)_\w+(?=[{[ )<]|$)/g)].map(([name]) => name);
  const metrics = names.filter((name) => name !== 'kcp_ts_io_shard');
  const wrong = metrics.filter((name) => {
    const bucket = /^(.*)_bucket$/.exec(name)?.[1];
    if (bucket !== undefined) return known.get(bucket) !== 'histogram';
    const isRate = new RegExp(`(rate|increase)\\(${name}\\b`).test(expr);
    return known.get(name) !== (isRate ? 'counter' : 'gauge');
  });
  return metrics.length === 0 ? [`${expr} asks for nothing`] : wrong;
}

it('asks in each alert for metrics that there are, of the type that they are', () => {
  expect(known.size).toBeGreaterThan(30);
  expect(alerts.flatMap(({ alert, expr }) => faultsOf(expr).map((fault) => `${alert}: ${fault}`))).toEqual([]);
});

it('asks in each panel for metrics that there are, of the type that they are', () => {
  const targets = dashboard.panels.flatMap(({ title, targets: all }) => all.map(({ expr }) => ({ title, expr })));
  expect(targets.length).toBeGreaterThan(15);
  expect(targets.flatMap(({ title, expr }) => faultsOf(expr).map((fault) => `${title}: ${fault}`))).toEqual([]);
});

it('notices a metric that there is none of, and one that is no counter', () => {
  expect(faultsOf('kcp_shard_roles == 0')).toEqual(['kcp_shard_roles']);
  expect(faultsOf('rate(kcp_store_writable[5m])')).toEqual(['kcp_store_writable']);
});

it('has a section on what to do for each alert', async () => {
  const page = await readFile(join(root, 'docs/operations/alerts.md'), 'utf8');
  const sections = [...page.matchAll(/^## (\w+)$/gm)].map(([, name]) => name);
  expect(sections).toEqual(alerts.map(({ alert }) => alert));
});
