/** CPU profiles of this process, one at a time. */
import type { Profiler } from 'node:inspector';
import { Session } from 'node:inspector/promises';
import type { Clock } from '@kcp-ts/base';
import { pauseOn } from '@kcp-ts/base';

export type CpuProfile = Profiler.Profile;

/** Between two samples. */
const intervalUs = 1_000;

/** Resolves after so many milliseconds. */
export async function takeCpuProfile(clock: Pick<Clock, 'setTimer'>, milliseconds: number): Promise<CpuProfile> {
  const session = new Session();
  session.connect();
  try {
    await session.post('Profiler.enable');
    await session.post('Profiler.setSamplingInterval', { interval: intervalUs });
    await session.post('Profiler.start');
    await pauseOn(clock, milliseconds);
    const { profile } = await session.post('Profiler.stop');
    return profile;
  } finally {
    session.disconnect();
  }
}
