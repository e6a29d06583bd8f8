/**
 * What encoding and decoding cost. Run with `node libs/kinds/protobuf.bench.ts`; one line of JSON
 * for each figure.
 */
import process from 'node:process';
import { createSystemClock } from '@kcp-ts/base';
import type { KindedObject } from '@kcp-ts/k8s-protobuf';
import { decodeKubernetes, encodeKubernetes, encodeListItem } from '@kcp-ts/k8s-protobuf';
import { protobufMessages } from './kind-code.ts';
import { allKinds } from './kinds.ts';

const clock = createSystemClock();
const messages = protobufMessages(allKinds);

/** The best of some runs, in microseconds for each object. */
function measure(what: string, objects: readonly KindedObject[], run: (object: KindedObject) => Uint8Array): void {
  let best = Number.POSITIVE_INFINITY;
  let bytes = 0;
  for (let round = 0; round < 60; round++) {
    bytes = 0;
    const started = clock.monotonic();
    for (const object of objects) bytes += run(object).length;
    best = Math.min(best, clock.monotonic() - started);
  }
  const microseconds = Math.round((best * 100_000) / objects.length) / 100;
  process.stdout.write(`${JSON.stringify({ what, objects: objects.length, bytes, microseconds })}\n`);
}

function metadataOf(number: number): object {
  const time = '2026-11-30T01:02:03Z';
  return {
    name: `object-${number}`,
    namespace: 'default',
    uid: `6c8a4f0e-7a39-4b8b-9d6e-${String(number).padStart(12, '0')}`,
    resourceVersion: String(123_456_789_012 + number),
    generation: 3,
    creationTimestamp: time,
    labels: { app: 'web', 'app.kubernetes.io/managed-by': 'somebody' },
    annotations: { 'kcp.io/cluster': '2zhx0f1g9nd3c4o', 'example.com/note': 'Größe und Maß' },
    managedFields: [{ manager: 'kubectl', operation: 'Update', apiVersion: 'v1', time, fieldsType: 'FieldsV1' }],
  };
}

function configMap(number: number): KindedObject & { readonly data: object; readonly metadata: object } {
  const data = { 'settings.yaml': 'key: value\n'.repeat(80), mode: 'fast', limit: '100' };
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: metadataOf(number), data };
}

/** A definition with many properties: deep messages rather than long texts. */
function customResourceDefinition(number: number): KindedObject {
  const property = { type: 'string', maxLength: 64, pattern: '^[a-z]+$', description: 'What it is good for.' };
  const group = { type: 'object', properties: { a: property, b: property, c: { type: 'array', items: property } } };
  const names = Array.from({ length: 20 }, (_, index) => `field${index}`);
  const properties = { spec: { type: 'object', properties: Object.fromEntries(names.map((name) => [name, group])) } };
  const schema = { openAPIV3Schema: { type: 'object', properties } };
  const spec = { group: 'example.com', versions: [{ name: 'v1', served: true, storage: true, schema }] };
  const metadata = metadataOf(number);
  const kind = { apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition' };
  return Object.assign(kind, { metadata, spec });
}

const configMaps = Array.from({ length: 500 }, (_, number) => configMap(number));
const definitions = Array.from({ length: 50 }, (_, number) => customResourceDefinition(number));
const encode = (object: KindedObject) => encodeListItem(messages, object, object);
measure('encode ConfigMaps', configMaps, encode);
measure('encode CustomResourceDefinitions', definitions, encode);

function measureDecoding(what: string, objects: readonly KindedObject[]): void {
  const bodies = new Map(objects.map((object) => [object, encodeKubernetes(messages, object)]));
  measure(what, objects, (object) => {
    const body = bodies.get(object) ?? new Uint8Array();
    decodeKubernetes(messages, body);
    return body;
  });
}

measureDecoding('decode ConfigMaps', configMaps);
measureDecoding('decode CustomResourceDefinitions', definitions);
