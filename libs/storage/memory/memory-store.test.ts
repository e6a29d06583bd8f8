import { describeStore } from '../contract/describe-store.ts';
import { createMemoryStore } from './memory-store.ts';

describeStore('memory', { open: (setup) => Promise.resolve(createMemoryStore(setup)), durable: false });
