/** A page of metrics in Prometheus' text format, read strictly. */

export interface MetricFamily {
  readonly name: string;
  readonly type: string;
  readonly help: string;
  readonly samples: readonly Sample[];
}

export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

const sample = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$/;
const label = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)",?/g;

function numberOf(text: string): number {
  return text === '+Inf' ? Number.POSITIVE_INFINITY : Number(text);
}

/** Throws for a line that a scraper would not take. */
export function parseMetrics(page: string): readonly MetricFamily[] {
  const families = new Map<string, { type: string; help: string; samples: Sample[] }>();
  let current = '';
  for (const line of page.split('\n')) {
    if (line === '') continue;
    const [, what, name = '', rest = ''] = /^# (HELP|TYPE) (\S+) (.*)$/.exec(line) ?? [];
    if (what !== undefined) {
      if (what === 'HELP' && families.has(name)) throw new Error(`${name} is there twice`);
      const family = families.get(name) ?? { type: '', help: '', samples: [] };
      families.set(name, family);
      family[what === 'HELP' ? 'help' : 'type'] = rest;
      current = name;
      continue;
    }
    const [, found = '', labels = '', value = ''] = sample.exec(line) ?? [];
    // A lag that was not measured yet is none: Go's parser takes it in any case.
    if (found === '' || (Number.isNaN(numberOf(value)) && value.toLowerCase() !== 'nan'))
      throw new Error(`no sample: ${line}`);
    const base = found.replace(/_(bucket|sum|count)$/, '');
    if (found !== current && base !== current) throw new Error(`${found} stands below ${current}`);
    const read = Object.fromEntries([...labels.matchAll(label)].map(([, key = '', text = '']) => [key, text]));
    families.get(current)?.samples.push({ name: found, labels: read, value: numberOf(value) });
  }
  return [...families].map(([name, family]) => ({ name, ...family }));
}

/** What `promtool check metrics` finds wrong, and what else would mislead. */
export function lintMetrics(families: readonly MetricFamily[]): readonly string[] {
  return families.flatMap(({ name, type, help, samples }) => {
    const identities = samples.map((each) => `${each.name} ${JSON.stringify(Object.entries(each.labels).sort())}`);
    const wrong: readonly (readonly [boolean, string])[] = [
      [help === '', 'has no help'],
      [!['counter', 'gauge', 'histogram', 'summary'].includes(type), `has the type ${JSON.stringify(type)}`],
      [type === 'counter' && !name.endsWith('_total'), 'is a counter and does not end with _total'],
      [type !== 'counter' && name.endsWith('_total'), 'ends with _total and is no counter'],
      [/[A-Z]/.test(name), 'has capitals'],
      [/_(ms|milliseconds|microseconds|minutes|kilobytes|kb|mb)(_|$)/.test(name), 'is not in a base unit'],
      [type === 'histogram' && !/_(seconds|bytes)$/.test(name), 'is a histogram without a unit'],
      [new Set(identities).size !== identities.length, 'has a series twice'],
      [
        samples.some(({ labels }) => Object.keys(labels).some((key) => key === 'instance' || key === 'job')),
        'has a label that Prometheus sets',
      ],
    ];
    return wrong.flatMap(([is, what]) => (is ? [`${name} ${what}`] : []));
  });
}
