/** A map in the order of its keys, a B+ tree. */
import imported from 'sorted-btree';

type SortedMapClass = typeof imported.default;

// It is a CommonJS module that calls its class its default export: Node gives the module for it,
// and others the class.
const { default: inModule } = imported as { readonly default?: SortedMapClass };

/** `new SortedMap<Key, Value>(undefined, compare)`: empty, in the order of `compare`. */
export const SortedMap = inModule ?? (imported as unknown as SortedMapClass);
