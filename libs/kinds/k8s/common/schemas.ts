/** Pieces that several built-in kinds are made of. */
import type { JsonSchema } from '@kcp-ts/api';
import { atomicList, mapOf, object, string, text, texts } from '@kcp-ts/schema/builder';
import { fieldRequirement, labelRequirement, labelSelectorFields } from '../../common/label-selector-fields.ts';

/**
 * Numbers with units (`100m`, `1Gi`) by name, as text or as numbers; the decoder brings them to
 * their canonical text.
 */
export function quantities(description: string): JsonSchema {
  return mapOf(description, { format: 'quantity', 'x-kubernetes-int-or-string': true });
}

/** A struct that Go writes even if it is empty. */
export const keptEmpty = { default: {} } as const;
/** A pointer, list or time that Go writes as null. */
export const keptNull = { nullable: true, default: null } as const;
/** A string that Go writes even if it is empty. */
export const keptText = { default: '' } as const;

export function labelSelector(description: string, extra?: Omit<JsonSchema, 'type' | 'description'>): JsonSchema {
  return object(description, labelSelectorFields, undefined, { 'x-kubernetes-map-type': 'atomic', ...extra });
}

/** The selectors that an access review may carry for list, watch and deletecollection. */
export function labelSelectorAttributes(description: string): JsonSchema {
  return object(description, {
    rawSelector: text('The selector as it stands in a query.'),
    requirements: atomicList('The selector in parsed form.', labelRequirement),
  });
}

export function fieldSelectorAttributes(description: string): JsonSchema {
  return object(description, {
    rawSelector: text('The selector as it stands in a query.'),
    requirements: atomicList('The selector in parsed form.', fieldRequirement),
  });
}

const objectReferenceFields = {
  apiVersion: text('Group and version of the object.'),
  fieldPath: text('A part of the object, as a field path.'),
  kind: text('Kind of the object.'),
  name: text('Name of the object.'),
  namespace: text('Namespace of the object.'),
  resourceVersion: text('Version of the object that is meant.'),
  uid: text('UID of the object.'),
};

export function objectReference(description: string, extra?: Omit<JsonSchema, 'type' | 'description'>): JsonSchema {
  return object(description, objectReferenceFields, undefined, { 'x-kubernetes-map-type': 'atomic', ...extra });
}

export function userInfo(description: string, extra?: Omit<JsonSchema, 'type' | 'description'>): JsonSchema {
  return object(
    description,
    {
      extra: mapOf('What else the authenticator said of the user.', { type: 'array', items: string }),
      groups: texts('Groups of the user.'),
      uid: text('Identity of the user in time.'),
      username: text('Name of the user.'),
    },
    undefined,
    extra,
  );
}

/** `spec.webhooks[].clientConfig` and a conversion's: where to call. */
export function webhookClientConfig(description: string, extra?: Omit<JsonSchema, 'type' | 'description'>): JsonSchema {
  return object(
    description,
    {
      caBundle: { type: 'string', format: 'byte', description: 'PEM certificates that the webhook is trusted by.' },
      service: object(
        'A service in the cluster. There are no services here: use `url`.',
        {
          name: text('Name of the service.'),
          namespace: text('Namespace of the service.'),
          path: text('URL path.'),
          port: { type: 'integer', format: 'int32', description: 'Port of the service.', default: 443 },
        },
        ['namespace', 'name'],
      ),
      url: text('Where the webhook is, as `https://host:port/path`.'),
    },
    undefined,
    extra,
  );
}
