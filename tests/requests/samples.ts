/**
 * One valid object of each kind that a workspace serves, with as many of its fields as are of use;
 * `name` makes it unique.
 */
import type { KubeObject } from '@kcp-ts/api';

/** Of a key that was thrown away. */
const request = [
  '-----BEGIN CERTIFICATE REQUEST-----',
  'MIHMMHMCAQAwETEPMA0GA1UEAwwGc2FtcGxlMFkwEwYHKoZIzj0CAQYIKoZIzj0D',
  'AQcDQgAESddqQGc+QS+WqB4cDuEe3FVhdVfMAVyDDiZMYL9D6QKOqoRNV0gxwVF0',
  'L+aYRdZmu/qr/QjQJvE5KkDfK9weJqAAMAoGCCqGSM49BAMCA0kAMEYCIQDi3fxi',
  '+NnR7WeVXYdTLSN6o/nmQaRg64UsGCM1nKWh4AIhANDQlJR8GRz0gTWoyzAXjLI4',
  'exE4RnlMRmL9m2yE13rj',
  '-----END CERTIFICATE REQUEST-----',
];

const metadata = {
  name: 'sample',
  labels: { a: 'b' },
  annotations: { 'example.com/a': 'b' },
  finalizers: ['example.com/a'],
  ownerReferences: [{ apiVersion: 'v1', kind: 'ConfigMap', name: 'a', uid: 'u', controller: true }],
};
const rules = [{ apiGroups: [''], resources: ['configmaps'], resourceNames: ['a'], verbs: ['get'] }];
const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' };
const subjects = [
  { kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name: 'a' },
  { kind: 'ServiceAccount', name: 'b', namespace: 'default' },
];
const selector = { matchLabels: { a: 'b' }, matchExpressions: [{ key: 'a', operator: 'In', values: ['b'] }] };
const openAPIV3Schema = {
  type: 'object',
  properties: { spec: { type: 'object', properties: { a: { type: 'string', default: 'x', enum: ['x', 'y'] } } } },
};
const printed = [{ name: 'A', type: 'string', jsonPath: '.spec.a' }];
const webhook = {
  name: 'a.example.com',
  clientConfig: { url: 'https://example.com/a', caBundle: '' },
  rules: [{ operations: ['CREATE'], apiGroups: [''], apiVersions: ['v1'], resources: ['configmaps'], scope: '*' }],
  failurePolicy: 'Ignore',
  namespaceSelector: selector,
  objectSelector: selector,
  sideEffects: 'None',
  timeoutSeconds: 1,
  admissionReviewVersions: ['v1'],
};
const quantities = { cpu: '1', memory: '1Gi' };
const attributes = {
  namespace: 'default',
  verb: 'list',
  group: '',
  version: 'v1',
  resource: 'configmaps',
  fieldSelector: { requirements: [{ key: 'metadata.name', operator: 'In', values: ['a'] }] },
  labelSelector: { rawSelector: 'a=b' },
};
const kcpExport = { path: 'root', name: 'tenancy.kcp.io' };
const typeReference = { name: 'universal', path: 'root' };

type Fields = Readonly<Record<string, unknown>>;

/** By `<apiVersion> <kind>`: what stands beside metadata. */
export const samples: Readonly<Record<string, Fields>> = {
  'v1 ConfigMap': { data: { a: 'b' }, binaryData: { c: 'ZA==' }, immutable: false },
  'v1 Event': {
    involvedObject: { kind: 'ConfigMap', namespace: 'default', name: 'a', apiVersion: 'v1', uid: 'u', fieldPath: 'x' },
    reason: 'A',
    message: 'a',
    source: { component: 'a', host: 'b' },
    firstTimestamp: '2026-01-01T00:00:00Z',
    lastTimestamp: '2026-01-01T00:00:00Z',
    count: 1,
    type: 'Normal',
    related: { kind: 'Secret', name: 'a' },
    series: { count: 2, lastObservedTime: '2026-01-01T00:00:00.000000Z' },
    reportingComponent: 'a.example.com/b',
    reportingInstance: 'a',
    action: 'A',
  },
  'v1 LimitRange': {
    spec: {
      limits: [
        { type: 'Container', max: quantities, min: quantities, default: quantities, defaultRequest: quantities },
      ],
    },
  },
  'v1 Namespace': { spec: { finalizers: ['kubernetes'] }, status: { phase: 'Active' } },
  'v1 ResourceQuota': {
    spec: {
      hard: { 'count/configmaps': '5', 'requests.cpu': '1500m' },
      scopes: ['NotTerminating'],
      scopeSelector: { matchExpressions: [{ scopeName: 'PriorityClass', operator: 'In', values: ['a'] }] },
    },
  },
  'v1 Secret': { type: 'Opaque', data: { a: 'Yg==' }, stringData: { c: 'd' }, immutable: false },
  'v1 ServiceAccount': {
    secrets: [{ name: 'a' }],
    imagePullSecrets: [{ name: 'b' }],
    automountServiceAccountToken: false,
  },
  'authentication.k8s.io/v1 SelfSubjectReview': {},
  'authentication.k8s.io/v1 TokenReview': { spec: { token: 'x', audiences: ['a'] } },
  'authorization.k8s.io/v1 LocalSubjectAccessReview': {
    spec: { resourceAttributes: attributes, user: 'a', groups: ['b'] },
  },
  'authorization.k8s.io/v1 SelfSubjectAccessReview': { spec: { resourceAttributes: attributes } },
  'authorization.k8s.io/v1 SelfSubjectRulesReview': { spec: { namespace: 'default' } },
  'authorization.k8s.io/v1 SubjectAccessReview': {
    spec: {
      nonResourceAttributes: { path: '/a', verb: 'get' },
      user: 'a',
      groups: ['b'],
      extra: { c: ['d'] },
      uid: 'u',
    },
  },
  'certificates.k8s.io/v1 CertificateSigningRequest': {
    spec: {
      request: Buffer.from(request.join('\n')).toString('base64'),
      signerName: 'example.com/a',
      usages: ['client auth'],
      expirationSeconds: 3600,
    },
    status: { conditions: [{ type: 'Approved', status: 'True', reason: 'a', message: 'b' }] },
  },
  'coordination.k8s.io/v1 Lease': {
    spec: {
      holderIdentity: 'a',
      leaseDurationSeconds: 5,
      acquireTime: '2026-01-01T00:00:00.000000Z',
      renewTime: '2026-01-01T00:00:00.000000Z',
      leaseTransitions: 1,
    },
  },
  'rbac.authorization.k8s.io/v1 ClusterRole': { rules, aggregationRule: { clusterRoleSelectors: [selector] } },
  'rbac.authorization.k8s.io/v1 ClusterRoleBinding': { roleRef, subjects },
  'rbac.authorization.k8s.io/v1 Role': { rules },
  'rbac.authorization.k8s.io/v1 RoleBinding': { roleRef, subjects },
  'admissionregistration.k8s.io/v1 MutatingWebhookConfiguration': {
    webhooks: [{ ...webhook, reinvocationPolicy: 'Never' }],
  },
  'admissionregistration.k8s.io/v1 ValidatingWebhookConfiguration': { webhooks: [webhook] },
  'events.k8s.io/v1 Event': {
    eventTime: '2026-01-01T00:00:00.000000Z',
    regarding: { kind: 'ConfigMap', namespace: 'default', name: 'a' },
    reportingController: 'example.com/a',
    reportingInstance: 'a',
    action: 'A',
    reason: 'A',
    type: 'Normal',
    note: 'a',
    related: { kind: 'Secret', name: 'a' },
    series: { count: 2, lastObservedTime: '2026-01-01T00:00:00.000000Z' },
  },
  'apiextensions.k8s.io/v1 CustomResourceDefinition': {
    spec: {
      group: 'sample.example.com',
      scope: 'Namespaced',
      names: {
        plural: 'samples',
        singular: 'sample',
        kind: 'Sample',
        listKind: 'SampleList',
        shortNames: ['sp'],
        categories: ['all'],
      },
      conversion: { strategy: 'None' },
      versions: [
        {
          name: 'v1',
          served: true,
          storage: true,
          schema: { openAPIV3Schema },
          subresources: { status: {}, scale: { specReplicasPath: '.spec.n', statusReplicasPath: '.status.n' } },
          additionalPrinterColumns: printed,
          selectableFields: [{ jsonPath: '.spec.a' }],
        },
      ],
    },
  },
  'apis.kcp.io/v1alpha2 APIExport': {
    spec: {
      resources: [
        { group: 'sample.example.com', name: 'samples', schema: 'v1.samples.sample.example.com', storage: { crd: {} } },
      ],
      permissionClaims: [{ group: '', resource: 'configmaps', verbs: ['get'], identityHash: '' }],
      maximalPermissionPolicy: { local: {} },
      identity: { secretRef: { namespace: 'kcp-system', name: 'a' } },
    },
  },
  'apis.kcp.io/v1alpha1 APIExport': {
    spec: {
      latestResourceSchemas: ['v1.samples.sample.example.com'],
      permissionClaims: [{ group: '', resource: 'configmaps', all: true }],
      maximalPermissionPolicy: { local: {} },
    },
  },
  'apis.kcp.io/v1alpha2 APIBinding': {
    spec: {
      reference: { export: kcpExport },
      permissionClaims: [
        {
          group: '',
          resource: 'configmaps',
          verbs: ['get'],
          identityHash: '',
          selector: { matchLabels: { a: 'b' } },
          state: 'Accepted',
        },
      ],
    },
  },
  'apis.kcp.io/v1alpha1 APIBinding': {
    spec: {
      reference: { export: kcpExport },
      permissionClaims: [{ group: '', resource: 'configmaps', all: true, state: 'Accepted' }],
    },
  },
  'apis.kcp.io/v1alpha1 APIResourceSchema': {
    spec: {
      group: 'sample.example.com',
      scope: 'Namespaced',
      names: { plural: 'samples', singular: 'sample', kind: 'Sample', listKind: 'SampleList' },
      versions: [
        {
          name: 'v1',
          served: true,
          storage: true,
          schema: openAPIV3Schema,
          subresources: {},
          additionalPrinterColumns: printed,
        },
      ],
    },
  },
  'apis.kcp.io/v1alpha1 APIConversion': {
    spec: { conversions: [{ from: 'v1', to: 'v2', rules: [{ field: '.spec.a', destination: '.spec.b' }] }] },
  },
  'apis.kcp.io/v1alpha1 APIExportEndpointSlice': { spec: { export: kcpExport, partition: 'a' } },
  'core.kcp.io/v1alpha1 LogicalCluster': {
    spec: {
      directlyDeletable: true,
      owner: { apiVersion: 'tenancy.kcp.io/v1alpha1', resource: 'workspaces', name: 'a', cluster: 'root', uid: 'u' },
      initializers: ['root:a'],
      terminators: ['root:a'],
    },
    status: { phase: 'Ready', URL: 'https://example.com', initializers: ['root:a'], conditions: [] },
  },
  'core.kcp.io/v1alpha1 Shard': {
    spec: {
      baseURL: 'https://example.com',
      externalURL: 'https://example.com',
      virtualWorkspaceURL: 'https://example.com',
    },
    status: { capacity: quantities },
  },
  'tenancy.kcp.io/v1alpha1 Workspace': { spec: { type: typeReference, location: { selector } } },
  'tenancy.kcp.io/v1alpha1 WorkspaceType': {
    spec: {
      initializer: false,
      extend: { with: [typeReference] },
      additionalWorkspaceLabels: { a: 'b' },
      defaultChildWorkspaceType: typeReference,
      limitAllowedChildren: { types: [typeReference] },
      limitAllowedParents: { types: [typeReference] },
      defaultAPIBindings: [{ path: 'root', export: 'tenancy.kcp.io' }],
      defaultAPIBindingLifecycle: 'Maintain',
    },
  },
  'topology.kcp.io/v1alpha1 Partition': { spec: { selector } },
  'topology.kcp.io/v1alpha1 PartitionSet': { spec: { dimensions: ['region'], shardSelector: selector } },
};

/** Kinds whose names say what they are of. */
const names: Readonly<Record<string, string>> = {
  CustomResourceDefinition: 'samples.sample.example.com',
  APIResourceSchema: 'v1.samples.sample.example.com',
  LogicalCluster: 'cluster',
};

export function sampleOf(apiVersion: string, kind: string): KubeObject | undefined {
  const fields = samples[`${apiVersion} ${kind}`];
  if (fields === undefined) return undefined;
  const name = names[kind] ?? 'sample';
  const meta = /Review$/.test(kind) ? {} : { metadata: { ...metadata, name } };
  return structuredClone({ apiVersion, kind, ...meta, ...fields }) as KubeObject;
}
