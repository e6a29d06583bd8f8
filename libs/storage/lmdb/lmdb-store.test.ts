import { describeStore } from '../contract/describe-store.ts';
import { openLmdbStore } from './lmdb-store.ts';

describeStore('lmdb', { open: ({ folder, ...setup }) => openLmdbStore({ ...setup, path: folder }), durable: true });
