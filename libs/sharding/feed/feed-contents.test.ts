import type { IdentityHash, KeyIdentity } from '@kcp-ts/api';
import { asRevision } from '@kcp-ts/api';
import { boundDefinitions, builtinDefinitions, rootExports, systemDefinitions } from '@kcp-ts/kinds';
import type { Entry } from '@kcp-ts/storage';
import { encodeStored, formatKey, parseStored } from '@kcp-ts/storage';
import { describe, expect, it } from 'vitest';
import { createFeedProjection } from './feed-contents.ts';

const fingerprint = '0123456789abcdef';
const identities = new Map(rootExports.map(({ name }, index) => [name, String(index).repeat(64) as IdentityHash]));
const { project, prefixes } = createFeedProjection(() => identities);

function identityOf(group: string, resource: string): KeyIdentity {
  const own = rootExports.find(({ definitions }) =>
    definitions.some((definition) => definition.group === group && definition.plural === resource),
  );
  return (own === undefined ? undefined : identities.get(own.name)) ?? '-';
}

interface Place {
  readonly cluster?: string;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly initializers?: readonly string[];
  readonly identity?: KeyIdentity;
}

function stored(
  group: string,
  resource: string,
  { cluster = 'c1', annotations = {}, initializers = [], ...place }: Place = {},
) {
  const identity = place.identity ?? identityOf(group, resource);
  const key = formatKey({ group, resource, identity, cluster, namespace: '', name: 'x' });
  const metadata = {
    name: 'x',
    uid: 'u',
    annotations: { ...annotations, private: 'note' },
    labels: { private: 'label' },
  };
  const spec = { cluster: 'c2', owner: { cluster: 'c0', name: 'x', uid: 'o' }, private: 'field' };
  const object = {
    apiVersion: `${group}/v1`,
    kind: 'X',
    metadata,
    spec,
    status: { phase: 'Ready', initializers, private: 'status' },
  };
  return { key, value: encodeStored(fingerprint, 0, JSON.stringify(object)) };
}

function put(group: string, resource: string, place?: Place) {
  return project({ type: 'put', ...stored(group, resource, place), previous: undefined });
}

describe('what leaves a shard with its feed', () => {
  it('is of few kinds, whatever kinds there are', () => {
    const all = [...builtinDefinitions, ...boundDefinitions, ...systemDefinitions].map(({ group, plural }) => ({
      group,
      plural,
    }));
    const leaving = all.filter(({ group, plural }) => put(group, plural).kind !== 'none');
    expect([...new Set(leaving.map(({ group, plural }) => `${plural}.${group}`))].sort()).toMatchInlineSnapshot(`
      [
        "apiconversions.apis.kcp.io",
        "apiexportendpointslices.apis.kcp.io",
        "apiexports.apis.kcp.io",
        "apiresourceschemas.apis.kcp.io",
        "logicalclusters.core.kcp.io",
        "mutatingwebhookconfigurations.admissionregistration.k8s.io",
        "shards.core.kcp.io",
        "validatingwebhookconfigurations.admissionregistration.k8s.io",
        "workspaces.tenancy.kcp.io",
        "workspacetypes.tenancy.kcp.io",
      ]
    `);
  });

  it('is never a Secret or an object of a tenant, even one that is marked', () => {
    const annotations = { 'internal.kcp.io/replicate': 'true' };
    for (const [group, resource] of [
      ['', 'secrets'],
      ['', 'configmaps'],
      ['example.io', 'widgets'],
      ['rbac.authorization.k8s.io', 'roles'],
    ] as const)
      expect(put(group, resource, { annotations })).toEqual({ kind: 'none' });
  });

  it('holds of workspaces and logical clusters only what an index reads', () => {
    for (const [group, resource] of [
      ['tenancy.kcp.io', 'workspaces'],
      ['core.kcp.io', 'logicalclusters'],
    ] as const) {
      const projected = put(group, resource, { annotations: { 'kcp.io/path': 'root:a' } });
      if (projected.kind !== 'put') throw new Error('it must leave');
      const text = JSON.stringify(parseStored(projected.value));
      expect(text).toMatch('root:a');
      expect(text).not.toMatch('private');
    }
  });

  it('is compared with what the change before said, without reading the former object again', () => {
    const place = { annotations: { 'kcp.io/path': 'root:a' } };
    const own = createFeedProjection(() => identities);
    const { key, value } = stored('core.kcp.io', 'logicalclusters', place);
    expect(own.project({ type: 'put', key, value, previous: undefined, revision: asRevision(7) }).kind).toBe('put');
    const unreadable = (revision: number) => ({ value: new Uint8Array(), revision: asRevision(revision) }) as Entry;
    const next = { type: 'put', key, value, revision: asRevision(9) } as const;
    expect(own.project({ ...next, previous: unreadable(7) })).toEqual({ kind: 'none' });
    // What it has not projected, of that revision, it reads.
    expect(() => own.project({ ...next, previous: unreadable(8) })).toThrow();
  });

  it('is nothing of a change of a workspace or logical cluster that nobody reads or acts on', () => {
    for (const [group, resource] of [
      ['tenancy.kcp.io', 'workspaces'],
      ['core.kcp.io', 'logicalclusters'],
    ] as const) {
      const before = stored(group, resource, { annotations: { 'kcp.io/path': 'root:a' } });
      const locked = stored(group, resource, {
        annotations: { 'kcp.io/path': 'root:a', 'internal.apis.kcp.io/resource-bindings': '{}' },
      });
      const moved = stored(group, resource, { annotations: { 'kcp.io/path': 'root:b' } });
      const previous = { value: before.value, revision: 1 as never };
      expect(project({ type: 'put', ...locked, previous })).toEqual({ kind: 'none' });
      expect(project({ type: 'put', ...moved, previous })).toMatchObject({ kind: 'put' });
      const initialized = stored(group, resource, {
        annotations: { 'kcp.io/path': 'root:a' },
        initializers: ['root:b:waits'],
      });
      // The shard of its Workspace mirrors it.
      expect(project({ type: 'put', ...initialized, previous })).toMatchObject({ kind: 'put' });
    }
  });

  it('says of a role that it has gone when it is no longer marked, and nothing of one that never was', () => {
    const [group, resource] = ['rbac.authorization.k8s.io', 'clusterroles'] as const;
    const marked = stored(group, resource, { annotations: { 'internal.kcp.io/replicate': 'true' } });
    const plain = stored(group, resource);
    const previous = ({ value }: { readonly value: Uint8Array }) => ({ value, revision: 1 as never });
    expect(project({ type: 'put', ...marked, previous: undefined })).toEqual({ kind: 'put', value: marked.value });
    expect(project({ type: 'put', ...plain, previous: previous(marked) })).toEqual({ kind: 'delete' });
    expect(project({ type: 'delete', ...marked, previous: previous(marked) })).toEqual({ kind: 'delete' });
    expect(project({ type: 'put', ...plain, previous: previous(plain) })).toEqual({ kind: 'none' });
    expect(project({ type: 'delete', ...plain, previous: previous(plain) })).toEqual({ kind: 'none' });
  });

  it('is nothing of a resource that another export brings under the name of one that leaves', () => {
    const annotations = { 'internal.kcp.io/replicate': 'true' };
    for (const { group, plural } of [...builtinDefinitions, ...boundDefinitions, ...systemDefinitions]) {
      for (const identity of ['f'.repeat(64) as IdentityHash, 'customresources'] as const)
        expect(put(group, plural, { annotations, identity }), `${plural}.${group}`).toEqual({ kind: 'none' });
    }
  });

  it('is nothing of what root exports while its identities are not known', () => {
    let known: typeof identities | undefined;
    const later = createFeedProjection(() => known);
    const workspace = { type: 'put', ...stored('tenancy.kcp.io', 'workspaces'), previous: undefined } as const;
    expect(later.project(workspace)).toEqual({ kind: 'none' });
    known = identities;
    expect(later.project(workspace).kind).toBe('put');
    expect(later.prefixes()).toEqual(prefixes());
  });

  it('is nothing of the clusters of the system', () => {
    expect(put('apis.kcp.io', 'apiexports', { cluster: 'system:admin' })).toEqual({ kind: 'none' });
  });

  it('lies in the ranges that a snapshot is made from', () => {
    const all = [...builtinDefinitions, ...boundDefinitions, ...systemDefinitions];
    for (const { group, plural } of all.filter(
      (definition) => put(definition.group, definition.plural).kind !== 'none',
    ))
      expect(prefixes().some((prefix) => stored(group, plural).key.startsWith(prefix))).toBe(true);
  });
});
