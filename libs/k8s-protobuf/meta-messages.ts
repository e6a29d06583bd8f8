/**
 * What answers of every group are made of, and discovery. (k8s.io/apimachinery/pkg/apis/meta/v1,
 * k8s.io/api/autoscaling/v1)
 */
import { list, metadata, of } from './builder.ts';
import type { Message, Messages } from './message.ts';

/** Of a list; a Status has one too. */
export const listMeta: Message = {
  1: ['selfLink', 'string'],
  2: ['resourceVersion', 'string'],
  3: ['continue', 'string'],
  4: ['remainingItemCount', 'int'],
};

const statusCause: Message = { 1: ['reason', 'string'], 2: ['message', 'string'], 3: ['field', 'string'] };
const statusDetails: Message = {
  1: ['name', 'string'],
  2: ['group', 'string'],
  3: ['kind', 'string'],
  4: ['causes', list(of(statusCause))],
  5: ['retryAfterSeconds', 'count'],
  6: ['uid', 'string'],
};

const groupVersion: Message = { 1: ['groupVersion', 'string'], 2: ['version', 'string'] };
const addresses = [
  'serverAddressByClientCIDRs',
  list(of({ 1: ['clientCIDR', 'string'], 2: ['serverAddress', 'string'] })),
] as const;
const group: Message = {
  1: ['name', 'string'],
  2: ['versions', list(of(groupVersion))],
  3: ['preferredVersion', of(groupVersion)],
  4: addresses,
};
const resource: Message = {
  1: ['name', 'string'],
  2: ['namespaced', 'bool'],
  3: ['kind', 'string'],
  4: ['verbs', 'strings'],
  5: ['shortNames', list('string')],
  6: ['singularName', 'string'],
  7: ['categories', list('string')],
  8: ['group', 'string'],
  9: ['version', 'string'],
  10: ['storageVersionHash', 'string'],
};

/** What a server answers with whatever it serves, and the options of deletes. */
export const metaMessages: Messages = {
  'v1/DeleteOptions': {
    1: ['gracePeriodSeconds', 'int'],
    2: ['preconditions', of({ 1: ['uid', 'optional-string'], 2: ['resourceVersion', 'optional-string'] })],
    3: ['orphanDependents', 'bool'],
    4: ['propagationPolicy', 'optional-string'],
    5: ['dryRun', list('string')],
  },
  'v1/Status': {
    1: ['metadata', of(listMeta)],
    2: ['status', 'string'],
    3: ['message', 'string'],
    4: ['reason', 'string'],
    5: ['details', of(statusDetails)],
    6: ['code', 'count'],
  },
  'meta.k8s.io/v1/PartialObjectMetadata': { 1: metadata },
  'v1/APIVersions': { 1: ['versions', list('string')], 2: addresses },
  'v1/APIGroup': group,
  'v1/APIGroupList': { 1: ['groups', list(of(group))] },
  'v1/APIResourceList': { 1: ['groupVersion', 'string'], 2: ['resources', list(of(resource))] },
  'autoscaling/v1/Scale': {
    1: metadata,
    2: ['spec', of({ 1: ['replicas', 'count'] })],
    3: ['status', of({ 1: ['replicas', 'int'], 2: ['selector', 'string'] })],
  },
};
