/** The code of kinds, found by their definitions. */
import type { ResourceDefinition } from '@kcp-ts/api';
import { groupVersionText } from '@kcp-ts/api';
import type { SpecialHandler } from '@kcp-ts/apiserver';
import type { Message, Messages } from '@kcp-ts/k8s-protobuf';
import { metaMessages } from '@kcp-ts/k8s-protobuf';
import type { Conversion, Strategy } from '@kcp-ts/registry';
import type { Kind } from './common/kind.ts';
import type { HandlerDependencies } from './handler-dependencies.ts';
import type { KindDependencies } from './kind-dependencies.ts';
import { allKinds, versionName } from './kinds.ts';

/** Strategies by the names that definitions have for them. */
export function createStrategies(kinds: readonly Kind[], deps: KindDependencies): Readonly<Record<string, Strategy>> {
  const strategies: Record<string, Strategy> = {};
  for (const { definition, strategy } of kinds) strategies[definition.strategy] ??= strategy(deps);
  return strategies;
}

/** The handlers of what is not stored. */
export function createHandlers(kinds: readonly Kind[], deps: HandlerDependencies): readonly SpecialHandler[] {
  return kinds.flatMap(({ handler }) => handler?.(deps) ?? []);
}

/**
 * The field numbers of all kinds, and of what is answered whatever the kind, by `apiVersion/kind`.
 */
export function protobufMessages(kinds: readonly Kind[]): Messages {
  const messages: Record<string, Message> = { ...metaMessages };
  for (const { definition, protobuf, subresourceProtobuf = {} } of kinds) {
    if (protobuf !== undefined) messages[`${groupVersionText(definition)}/${definition.kind}`] = protobuf;
    for (const { name, group = '', version = definition.version, kind } of definition.subresources) {
      const message = subresourceProtobuf[name];
      if (message !== undefined) messages[`${groupVersionText({ group, version })}/${kind}`] = message;
    }
  }
  return messages;
}

const conversions = new Map(allKinds.map(({ definition, conversion }) => [versionName(definition), conversion]));

/** Undefined where versions differ in nothing but their name. */
export function conversionOf(definition: ResourceDefinition): Conversion | undefined {
  return definition.strategy === undefined ? undefined : conversions.get(versionName(definition));
}
