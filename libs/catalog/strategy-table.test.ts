import { describe, expect, it } from 'vitest';
import { createStrategyTable } from './strategy-table.ts';

const shards = { group: 'core.kcp.io', plural: 'shards', strategy: 'shards' };

describe('the table of strategies', () => {
  it('gives a definition that was made first the functions that are defined later', () => {
    const table = createStrategyTable();
    const strategy = table.of('shards');
    expect(strategy.deletesLater).toBeUndefined();
    table.define({ shards: { deletesLater: true, mayGo: () => true } }, [shards]);
    expect(strategy.deletesLater).toBe(true);
    expect(strategy.mayGo?.({ apiVersion: 'v1', kind: 'Shard', metadata: { name: 'one' } })).toBe(true);
    expect(table.of('shards')).toBe(strategy);
  });

  it('refuses a definition whose strategy is missing, and names both', () => {
    const define = () => createStrategyTable().define({}, [{ group: '', plural: 'pods' }, shards].map(withStrategy));
    expect(define).toThrow('Cannot serve shards.core.kcp.io: there is no strategy "shards"');
  });

  it('refuses a name that was asked for and is not defined, before and after', () => {
    const table = createStrategyTable();
    table.of('unknown');
    expect(() => table.define({ shards: {} }, [shards])).toThrow('there is no strategy "unknown"');
    const other = createStrategyTable();
    other.define({ shards: {} }, [shards]);
    expect(() => other.of('toString')).toThrow('there is no strategy "toString"');
  });
});

function withStrategy(definition: { group: string; plural: string; strategy?: string | undefined }) {
  return { strategy: undefined, ...definition };
}
