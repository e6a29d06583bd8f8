/**
 * Strategies by the names that definitions give them. Definitions are served before their
 * strategies can be made, since strategies read what is served: each name stands for an object that
 * gets its functions when all strategies are defined.
 */
import type { ResourceDefinition } from '@kcp-ts/api';
import type { Strategy } from '@kcp-ts/registry';

export interface StrategyTable {
  /**
   * The strategy of that name. It has no functions before `define`; throws after `define` where
   * there is none.
   */
  of(name: string): Strategy;
  /**
   * Defines all strategies, once. Throws where one of the definitions names a strategy that is not
   * there.
   */
  define(
    strategies: Readonly<Record<string, Strategy>>,
    definitions: Iterable<Pick<ResourceDefinition, 'group' | 'plural' | 'strategy'>>,
  ): void;
}

function missing(resource: string, name: string): Error {
  return new Error(`Cannot serve ${resource}: there is no strategy ${JSON.stringify(name)}`);
}

export function createStrategyTable(): StrategyTable {
  const byName = new Map<string, Strategy>();
  let defined = false;
  return {
    of(name) {
      const known = byName.get(name);
      if (known !== undefined) return known;
      if (defined) throw missing('a definition', name);
      const later: Strategy = {};
      byName.set(name, later);
      return later;
    },
    define(strategies, definitions) {
      for (const { group, plural, strategy } of definitions)
        if (strategy !== undefined && !Object.hasOwn(strategies, strategy))
          throw missing(group === '' ? plural : `${plural}.${group}`, strategy);
      for (const [name, strategy] of Object.entries(strategies))
        byName.set(name, Object.assign(byName.get(name) ?? {}, strategy));
      for (const name of byName.keys()) if (!Object.hasOwn(strategies, name)) throw missing('a definition', name);
      defined = true;
    },
  };
}
