import { atomicList, object, texts } from '@kcp-ts/schema/builder';
import { keptNull } from '../common/schemas.ts';

/** `rules` of roles. */
export const policyRules = atomicList(
  'What the role allows.',
  object(
    'Verbs on resources, or on URL paths.',
    {
      apiGroups: texts('API groups of the resources; `*` means all, "" the core group.'),
      nonResourceURLs: texts('URL paths; `*` at the end means all below. Only for roles of the whole workspace.'),
      resourceNames: texts('Names of objects; empty means all.'),
      resources: texts('Resources, or `resource/subresource`; `*` means all.'),
      verbs: texts('Verbs; `*` means all.', keptNull),
    },
    ['verbs'],
  ),
  keptNull,
);
