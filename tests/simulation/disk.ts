/**
 * What a shard's processes share, as etcd is shared: one owner at a time writes to it, what is on
 * its way when the owner dies may still arrive, and what was applied is read back by the process
 * that owns it next. It keeps all that was ever applied: the truth that histories are held against.
 */
import type { Revision } from '@kcp-ts/api';
import { revisionZero } from '@kcp-ts/api';
import type { StoreEvent } from '@kcp-ts/storage';
import type { Backend, Flush } from '@kcp-ts/storage/contract';
import { createMemoryBackend, readsOf } from '@kcp-ts/storage/contract';
import type { SimProcess } from './process.ts';
import type { Rules } from './rules.ts';
import type { Chance, VirtualTime } from './virtual-time.ts';

export interface SimDisk {
  /** In the order in which it was applied. */
  readonly log: readonly StoreEvent[];
  /** An owner has said that nothing will be committed at or below a revision. */
  promised(revision: Revision): void;
  /** Promises that were broken, in words. */
  readonly violations: readonly string[];
  /** Makes a process the owner; what others had under way is refused from now on. */
  own(process: SimProcess): Promise<Backend>;
  /** Whether a process may still commit. */
  isOwner(process: SimProcess): boolean;
}

export interface DiskDependencies {
  readonly time: VirtualTime;
  readonly chance: Chance;
  readonly rules: Rules;
}

function part(flush: Flush, commits: Flush['commits'], before: Revision): Flush {
  const writes = commits.flat();
  const revision = writes.at(-1)?.event.revision ?? before;
  return { ...flush, commits, writes, revision, trim: undefined };
}

export function createSimDisk({ time, chance, rules }: DiskDependencies): SimDisk {
  const flushes: Flush[] = [];
  const log: StoreEvent[] = [];
  const violations: string[] = [];
  let promise = revisionZero;
  let owner: SimProcess | undefined;
  let last: { readonly revision: Revision; readonly reserved: Revision } = {
    revision: revisionZero,
    reserved: revisionZero,
  };

  function apply(flush: Flush): void {
    flushes.push(flush);
    for (const { event } of flush.writes) {
      log.push(event);
      if (event.revision <= promise) violations.push(`${event.revision} was committed after the promise of ${promise}`);
    }
    last = { revision: flush.revision, reserved: flush.reserved };
  }

  function travel(): number {
    if (chance.happens(0.03)) return chance.between(50, 400);
    return chance.between(0.2, 4);
  }

  /**
   * Applied whole, refused, or, where its sender has died, as far as it got: whole commits of it,
   * from the first one on.
   */
  function arrive(process: SimProcess, flush: Flush): 'applied' | 'refused' {
    if (rules.fencing && owner !== process) return 'refused';
    if (process.state() !== 'dead') {
      if (chance.happens(0.01)) return 'refused';
      apply(flush);
      return 'applied';
    }
    apply(part(flush, flush.commits.slice(0, chance.integer(flush.commits.length + 1)), last.revision));
    return 'refused';
  }

  function write(process: SimProcess, copy: Backend, flush: Flush): Promise<void> {
    return new Promise((resolve, reject) => {
      if (process.state() === 'dead') return;
      time.after(travel(), () => {
        const outcome = arrive(process, flush);
        time.after(travel() / 2, () =>
          process.deliver(() => {
            if (outcome === 'applied') resolve(copy.write(flush));
            else reject(new Error('the disk has refused it'));
          }),
        );
      });
    });
  }

  return {
    log,
    violations,
    promised(revision) {
      if (revision > promise) promise = revision;
    },
    async own(process) {
      owner = process;
      const copy = createMemoryBackend();
      for (const flush of flushes) {
        await copy.write(flush);
        copy.publish();
      }
      const { revision, reserved } = last;
      return {
        state: { revision, reserved: rules.reservation ? reserved : revision, floor: revisionZero, checkpoint: '' },
        ...readsOf(() => copy),
        write: (flush) => write(process, copy, flush),
        close: () => copy.close(),
      };
    },
    isOwner: (process) => owner === process,
  };
}
