/**
 * What a service may do on the NATS server. Who can write to the bus could otherwise write everyone's RBAC: so a shard publishes its own feed, and no
 * other service publishes any. Nobody may change the stream, or read another's inbox.
 */
import { subjectSegment } from '../subject.ts';
import { feedStream } from './feed-stream.ts';

export type NatsServiceKind = 'shard' | 'front-proxy' | 'cache-server' | 'virtual-workspaces';

/** As the `permissions` of a user in a nats-server's configuration. */
export interface NatsPermissions {
  readonly publish: { readonly allow: readonly string[] };
  readonly subscribe: { readonly allow: readonly string[] };
}

/** The name that a service must connect under; its inbox is made of it. */
export function natsServiceName(kind: NatsServiceKind, name: string): string {
  return `${kind}-${name}`;
}

/** Where answers to a service of this name come in. */
export function natsInbox(serviceName: string): string {
  return `_INBOX.${subjectSegment(serviceName)}`;
}

export function natsPermissions(kind: NatsServiceKind, name: string): NatsPermissions {
  const api = '$JS.API';
  const allow = [
    `${api}.STREAM.INFO.${feedStream}`,
    `${api}.STREAM.CREATE.${feedStream}`,
    `${api}.CONSUMER.CREATE.${feedStream}.>`,
    // The answers to its flow control, without which the server stops sending.
    `$JS.FC.${feedStream}.>`,
  ];
  return {
    publish: { allow: kind === 'shard' ? [`kcp.feed.${subjectSegment(name)}`, ...allow] : allow },
    subscribe: { allow: [`${natsInbox(natsServiceName(kind, name))}.>`] },
  };
}
