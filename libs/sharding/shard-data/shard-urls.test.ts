import { expect, it } from 'vitest';
import { shardUrlsOf } from './shard-urls.ts';

const none = { shardBaseUrl: '', shardExternalUrl: '', shardVirtualWorkspaceUrl: '' };
const own = 'https://host:6443';

it.each([
  [none, own, own, own],
  [{ ...none, shardBaseUrl: 'https://base' }, 'https://base', 'https://base', 'https://base'],
  [{ ...none, shardExternalUrl: 'https://front' }, own, 'https://front', own],
  [{ ...none, shardVirtualWorkspaceUrl: 'https://vw' }, own, own, 'https://vw'],
])('of %j is reached at %s, by clients at %s and %s', (flags, baseUrl, externalUrl, virtualWorkspaceUrl) => {
  expect(shardUrlsOf(flags, own)).toEqual({ baseUrl, externalUrl, virtualWorkspaceUrl });
});
