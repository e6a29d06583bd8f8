/**
 * A CPU profile in the format that `go tool pprof` reads (profile.proto of google/pprof), for those
 * who know it from kcp: sample counts and CPU nanoseconds by stack.
 */
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import type { CpuProfile } from './cpu-profile.ts';

/** Numbers of the fields of profile.proto. */
const profileFields = {
  sampleType: 1,
  sample: 2,
  location: 4,
  function: 5,
  stringTable: 6,
  timeNanos: 9,
  durationNanos: 10,
  periodType: 11,
  period: 12,
} as const;

/** The table of strings; the empty one is the first. */
function createStrings() {
  const all = new Map([['', 0]]);
  return {
    of(text: string): number {
      const known = all.get(text);
      if (known !== undefined) return known;
      all.set(text, all.size);
      return all.size - 1;
    },
    all: () => all.keys(),
  };
}

type Write = (writer: BinaryWriter) => void;

function message(writer: BinaryWriter, field: number, write: Write): void {
  writer.tag(field, WireType.LengthDelimited).fork();
  write(writer);
  writer.join();
}

function number(writer: BinaryWriter, field: number, value: number): void {
  if (value !== 0) writer.tag(field, WireType.Varint).int64(value);
}

function packed(writer: BinaryWriter, field: number, values: readonly number[]): void {
  message(writer, field, () => {
    for (const value of values) writer.int64(value);
  });
}

/** Samples and microseconds by node. */
function costOf({ samples = [], timeDeltas = [] }: CpuProfile): Map<number, { samples: number; us: number }> {
  const cost = new Map<number, { samples: number; us: number }>();
  for (const [index, id] of samples.entries()) {
    const known = cost.get(id) ?? { samples: 0, us: 0 };
    cost.set(id, { samples: known.samples + 1, us: known.us + Math.max(timeDeltas[index] ?? 0, 0) });
  }
  return cost;
}

/** `startedMs`: milliseconds since the epoch. */
export function encodePprof(profile: CpuProfile, startedMs: number): Uint8Array {
  const { nodes, startTime, endTime, samples = [] } = profile;
  const writer = new BinaryWriter();
  const strings = createStrings();
  const parents = new Map(nodes.flatMap(({ id, children = [] }) => children.map((child) => [child, id] as const)));
  const idle = new Set(nodes.filter(({ callFrame }) => callFrame.functionName === '(idle)').map(({ id }) => id));
  const valueType = (field: number, type: string, unit: string) =>
    message(writer, field, () => {
      number(writer, 1, strings.of(type));
      number(writer, 2, strings.of(unit));
    });
  valueType(profileFields.sampleType, 'samples', 'count');
  valueType(profileFields.sampleType, 'cpu', 'nanoseconds');
  for (const [id, { samples: count, us }] of costOf(profile)) {
    if (idle.has(id)) continue;
    const stack: number[] = [];
    for (let at: number | undefined = id; at !== undefined; at = parents.get(at)) stack.push(at);
    message(writer, profileFields.sample, () => {
      // The root stands for nothing.
      packed(writer, 1, stack.length > 1 ? stack.slice(0, -1) : stack);
      packed(writer, 2, [count, us * 1_000]);
    });
  }
  for (const { id, callFrame } of nodes) {
    const line = callFrame.lineNumber + 1;
    message(writer, profileFields.location, () => {
      number(writer, 1, id);
      message(writer, 4, () => {
        number(writer, 1, id);
        number(writer, 2, Math.max(line, 0));
      });
    });
    message(writer, profileFields.function, () => {
      number(writer, 1, id);
      number(writer, 2, strings.of(callFrame.functionName === '' ? '(anonymous)' : callFrame.functionName));
      number(writer, 4, strings.of(callFrame.url));
    });
  }
  valueType(profileFields.periodType, 'cpu', 'nanoseconds');
  const durationUs = endTime - startTime;
  number(writer, profileFields.period, samples.length === 0 ? 0 : Math.round((durationUs * 1_000) / samples.length));
  number(writer, profileFields.timeNanos, Math.round(startedMs) * 1_000_000);
  number(writer, profileFields.durationNanos, durationUs * 1_000);
  for (const text of strings.all()) writer.tag(profileFields.stringTable, WireType.LengthDelimited).string(text);
  return writer.finish();
}
