/** Which definitions need more than another apiVersion to become what is stored. */
import type { ResourceDefinition } from '@kcp-ts/api';
import { groupVersionText } from '@kcp-ts/api';
import type { Conversion } from '@kcp-ts/registry';
import { apiBindingConversion } from './api-binding.ts';
import { apiExportConversion } from './api-export.ts';
import { eventsConversion } from './events.ts';

/** Undefined where versions differ in nothing but their name. */
export function conversionOf(definition: ResourceDefinition): Conversion | undefined {
  const own = definition.group === 'apis.kcp.io' || definition.aliasOf?.group === 'apis.kcp.io';
  if (own && definition.plural === 'apiexports') return apiExportConversion(groupVersionText(definition));
  if (own && definition.plural === 'apibindings') return apiBindingConversion(groupVersionText(definition));
  return definition.group === 'events.k8s.io' && definition.plural === 'events' ? eventsConversion : undefined;
}
