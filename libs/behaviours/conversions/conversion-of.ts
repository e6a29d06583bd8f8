/** Which rows need more than another apiVersion to become what is stored. */
import type { ResourceRow } from '@kcp-ts/meta';
import { groupVersionText } from '@kcp-ts/meta';
import type { Conversion } from '@kcp-ts/registry';
import { apiBindingConversion } from './api-binding.ts';
import { apiExportConversion } from './api-export.ts';
import { eventsConversion } from './events.ts';

/** Undefined where versions differ in nothing but their name. */
export function conversionOf(row: ResourceRow): Conversion | undefined {
  const own = row.group === 'apis.kcp.io' || row.aliasOf?.group === 'apis.kcp.io';
  if (own && row.plural === 'apiexports') return apiExportConversion(groupVersionText(row));
  if (own && row.plural === 'apibindings') return apiBindingConversion(groupVersionText(row));
  return row.group === 'events.k8s.io' && row.plural === 'events' ? eventsConversion : undefined;
}
