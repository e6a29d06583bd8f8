/** The folders of a shard's root directory, by its options. */
import type { RootDirectoryOptions } from './open-root-directory.ts';

const embeddedFolders = {
  stores: [{ folder: 'data', copy: false }],
  unused: [
    {
      folder: 'mirror',
      reason:
        'a mirror of a shard in etcd, and --etcd-servers is not given: give it, or choose another folder with --root-directory',
    },
  ],
};

const etcdFolders = {
  stores: [{ folder: 'mirror', copy: true }],
  unused: [
    {
      folder: 'data',
      reason:
        'the data of an embedded shard, which --etcd-servers would not serve: leave that flag out, or choose another folder with --root-directory',
    },
  ],
};

/** Which folders of the root directory hold data of this shard, and which must not. */
export function shardFoldersOf({
  etcdServers,
}: {
  readonly etcdServers: readonly string[];
}): Pick<RootDirectoryOptions, 'stores' | 'unused'> {
  return etcdServers.length === 0 ? embeddedFolders : etcdFolders;
}
