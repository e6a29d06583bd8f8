import { describeStore } from '../contract/describe-store.ts';
import { maskValues } from '../contract/mask-values.ts';
import { openLmdbStore } from './lmdb-store.ts';

describeStore('lmdb', { open: ({ folder, ...setup }) => openLmdbStore({ ...setup, path: folder }), durable: true });

describeStore('lmdb, of which the values lie transformed', {
  open: ({ folder, ...setup }) => openLmdbStore({ ...setup, path: folder, transformer: maskValues }),
  durable: true,
});
