import { describe, expect, it } from 'vitest';
import { clusterOrderOf, compareKeys, compileRange, endOfSegments, keyOfClusterOrder } from './key-range.ts';

const key = 'core/configmaps/-/root/default/a/b';

describe('keys and ranges', () => {
  it('a key in cluster order gives the key again', () => {
    expect(clusterOrderOf('core/configmaps/-/root/default/a')).toBe('root/default/core/configmaps/-/a');
    for (const each of ['core/configmaps/-/root/default/a', 'core/namespaces/-/root//default', key])
      expect(keyOfClusterOrder(clusterOrderOf(each))).toBe(each);
    expect(endOfSegments(key, 3)).toBe('core/configmaps/-/'.length);
  });

  it('keys are in the order of their bytes', () => {
    const keys = ['a', 'a-', 'a/', 'b', 'ä', '\uffee', '\u{1f600}', ''];
    const bytes = [...keys].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    expect([...keys].sort(compareKeys)).toEqual(bytes);
  });

  it('a range knows its keys', () => {
    expect(compileRange({ prefix: 'core/configmaps/-/root/' }).includes(key)).toBe(true);
    expect(compileRange({ prefix: '' }).includes(key)).toBe(true);
    expect(compileRange({ cluster: 'root' }).includes(key)).toBe(true);
    expect(compileRange({ cluster: 'root', namespace: '' }).includes(key)).toBe(false);
    expect(compileRange({ cluster: 'roo' }).includes(key)).toBe(false);
    expect(() => compileRange({ prefix: 'core' })).toThrow(RangeError);
  });
});
