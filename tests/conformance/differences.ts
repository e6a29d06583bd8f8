/**
 * Where kcp-ts' answer is another than the recorded one, and why that stays. An entry that no
 * longer differs fails the test.
 */

export interface Reason {
  /** A recording's name; `*` stands for any text. */
  readonly recording: string;
  /**
   * The JSON path of the difference and everything below it, `*` for any text; `request`: the
   * request is not sent at all.
   */
  readonly what: string;
  readonly reason: string;
}

const apply = 'server-side apply has its own issue';
const cel = 'CEL has its own issue; definitions are sent without their rules';
const policies = 'admission policies have their own issue';
const cache = 'cache.kcp.io has its own issue';
const migration = 'migration.kcp.io has its own issue';
const authenticationConfigurations = 'workspaceauthenticationconfigurations have their own issue';
const quota = 'quota enforcement has its own issue';
const better = 'kcp is wrong or weak here, and this answer is better';
const atOnce = 'made in one commit, where kcp writes several times';
const goTypes = "kcp's text names Go types, functions or keys of its store";
const ownKinds = "kcp-ts' own kinds are built in and no CustomResourceDefinitions";
const othersRoles = 'roles for resources and controllers that kcp-ts does not have are left out';
const oneStore = 'no cache server: nothing has to be annotated for it';
const boundHere = 'it lists what is bound, and of what the exports of root bring some is not served here';

const readyAtOnce = 'ready in the answer to its creation';

const workspaces: readonly Reason[] = [
  { recording: 'workspaces/just-created', what: 'body.metadata.*', reason: readyAtOnce },
  { recording: 'workspaces/just-created', what: 'body.spec.*', reason: readyAtOnce },
  { recording: 'workspaces/just-created', what: 'body.status.*', reason: readyAtOnce },
  { recording: 'workspaces/*', what: 'body*.metadata.generation', reason: atOnce },
  {
    recording: 'workspaces/logicalcluster-*',
    what: 'body*.annotations.internal.apis.kcp.io/resource-bindings',
    reason: boundHere,
  },
  { recording: 'workspaces/unknown-cluster', what: '*', reason: better },
  {
    recording: 'workspaces/while-deleting',
    what: 'body.status.conditions[WorkspaceContentDeleted]',
    reason: 'says from the start what it waits for',
  },
  {
    recording: 'workspaces/content-while-deleting',
    what: 'body.items*',
    reason: 'namespaces go with their workspace, not one by one',
  },
];

const bootstrap: readonly Reason[] = [
  { recording: 'bootstrap/fresh-workspace/shards', what: '*', reason: 'a Status where kcp answers text' },
  { recording: 'bootstrap/root/apiexports*', what: 'body.items[*.kcp.io].metadata.generation', reason: atOnce },
  {
    recording: 'bootstrap/root/apiexports*',
    what: 'body.items[topology.kcp.io].spec.maximalPermissionPolicy',
    reason: 'as kcp ships it; its roles are there',
  },
  { recording: 'bootstrap/root/*', what: 'body.items[cache.kcp.io]', reason: cache },
  { recording: 'bootstrap/root/*', what: 'body.items[migration.kcp.io]', reason: migration },
  { recording: 'bootstrap/root/apiresourceschemas', what: 'body.items[*.cache.kcp.io]', reason: cache },
  { recording: 'bootstrap/root/apiresourceschemas', what: 'body.items[*.migration.kcp.io]', reason: migration },
  {
    recording: 'bootstrap/root/apiresourceschemas',
    what: 'body.items[*.logicalclusters.core.kcp.io]',
    reason: ownKinds,
  },
  { recording: 'bootstrap/root/apiresourceschemas', what: 'body.items.order', reason: 'the names begin with a hash' },
  {
    recording: 'bootstrap/*/api*',
    what: 'body.items*workspaceauthenticationconfigurations*',
    reason: authenticationConfigurations,
  },
  {
    recording: 'bootstrap/root/apiexports-v1alpha1',
    what: 'body.items[tenancy.kcp.io].spec.latestResourceSchemas',
    reason: authenticationConfigurations,
  },
  {
    recording: 'bootstrap/root/clusterroles',
    what: 'body.items[system:kcp:apiexport:tenancy:maximal-permission-policy]*',
    reason: authenticationConfigurations,
  },
  { recording: 'bootstrap/root/secrets', what: 'body.items[*].data.key', reason: 'recorded without the secret' },
  {
    recording: 'bootstrap/fresh-workspace/clusterrolebindings',
    what: 'body.items[workspace-admin].metadata.annotations.internal.kcp.io/replicate',
    reason: oneStore,
  },
  { recording: 'bootstrap/system-admin/*', what: 'body.items*', reason: othersRoles },
  { recording: 'bootstrap/system-crds/*', what: 'body.items*', reason: ownKinds },
];

const moreInV2 = 'described in v2 as well, for clients that know nothing newer';

const discovery: readonly Reason[] = [
  { recording: 'discovery/*apis', what: 'body.groups[cache.kcp.io]', reason: cache },
  { recording: 'discovery/*apis', what: 'body.groups[apis.kcp.dev]', reason: 'an alias that older documents need' },
  { recording: 'discovery/api-v1', what: 'body.resources[limitranges]', reason: better },
  { recording: 'discovery/aggregated-api', what: 'body.items*.resources[limitranges]', reason: better },
  { recording: 'discovery/aggregated-apis', what: '*', reason: better },
  { recording: 'discovery/version', what: 'body.git*', reason: 'says what it is' },
  { recording: 'discovery/version', what: 'body.goVersion', reason: 'says what it is' },
  { recording: 'discovery/version', what: 'body.compiler', reason: 'says what it is' },
  { recording: 'discovery/*-verbose', what: 'body', reason: 'checks of its own' },
  { recording: 'discovery/root-paths', what: 'body.paths*', reason: 'its own paths' },
  { recording: 'discovery/unknown-group', what: '*', reason: 'a Status where kcp answers text' },
  { recording: 'discovery/admissionregistration*', what: 'body.resources[*admissionpolic*]', reason: policies },
  { recording: 'discovery/cache*', what: '*', reason: cache },
  {
    recording: 'discovery/tenancy*',
    what: 'body.resources[workspaceauthenticationconfigurations]',
    reason: authenticationConfigurations,
  },
  {
    recording: '*openapi-v3-index',
    what: 'body.paths*',
    reason: 'documents of group versions only: no client reads the others',
  },
  { recording: 'openapi/*', what: 'body.paths.*/watch/*', reason: 'the old watch paths are served, and not described' },
  { recording: 'openapi/*', what: 'body.paths.*/', reason: 'discovery is not described' },
  { recording: 'openapi/*', what: 'body.kinds./v1 API*', reason: 'discovery is not described' },
  {
    recording: 'openapi/*',
    what: 'body.kinds./v1 DeleteOptions',
    reason: 'described once, where Kubernetes has it in every group',
  },
  { recording: 'openapi/*', what: 'body.*/limitranges*', reason: better },
  { recording: 'openapi/*', what: 'body.*LimitRange*', reason: better },
  { recording: 'openapi/*', what: 'body.*workspaceauthenticationconfiguration*', reason: authenticationConfigurations },
  { recording: 'openapi/*', what: 'body.*WorkspaceAuthenticationConfiguration*', reason: authenticationConfigurations },
  { recording: 'openapi/v2', what: 'body.*AdmissionPolic*', reason: policies },
  { recording: 'openapi/v2', what: 'body.*admissionpolic*', reason: policies },
  { recording: 'openapi/v2', what: 'body.*kcp.*', reason: moreInV2 },
  { recording: 'openapi/v2', what: 'body.*apiextensions.k8s.io*', reason: moreInV2 },
  { recording: 'openapi/v2-protobuf-headers', what: 'body', reason: 'recorded as its length' },
];

const objects: readonly Reason[] = [
  { recording: 'objects/dry-run', what: 'body.metadata.annotations', reason: 'a dry run shows what would be stored' },
  {
    recording: 'errors/warn-unknown',
    what: 'body.metadata.annotations',
    reason: 'a dry run shows what would be stored',
  },
  { recording: 'objects/update-uid-conflict', what: 'body.message', reason: goTypes },
  {
    recording: 'objects/namespace-contents-serviceaccounts',
    what: 'body.items',
    reason: 'content that nothing holds goes with its namespace at once',
  },
  { recording: 'delete/while-deleting-update', what: 'body.details.causes', reason: 'kcp says the same twice' },
  { recording: 'apply/*', what: 'request', reason: apply },
];

const errors: readonly Reason[] = [
  { recording: 'errors/wrong-kind', what: 'body.message', reason: goTypes },
  { recording: 'errors/wrong-version', what: 'body.message', reason: goTypes },
  { recording: 'errors/not-acceptable', what: 'body.*', reason: 'the same words for all kinds' },
  {
    recording: 'errors/bad-continue',
    what: 'body.message',
    reason: "the token's form is its own, and so is what is wrong with it",
  },
  {
    recording: 'errors/old-rv-watch',
    what: '*',
    reason:
      'a 410: kcp goes on from the beginning of its history, where a revision of another installation may be meant',
  },
  { recording: 'errors/delete-precondition', what: 'request', reason: 'recorded without its body' },
  { recording: 'errors/create-with-rv', what: '*', reason: better },
];

const kinds: readonly Reason[] = [
  { recording: 'kinds/resourcequotas-table', what: 'body.rows*.cells*', reason: quota },
  {
    recording: 'kinds/clusterrolebindings-table',
    what: 'body.rows[workspace-admin].object.metadata.annotations.internal.kcp.io/replicate',
    reason: oneStore,
  },
  { recording: 'kinds/validatingadmissionpolicies-*', what: '*', reason: policies },
  { recording: 'kinds/limitranges-*', what: '*', reason: better },
  {
    recording: 'kinds/selfsubjectrulesreview',
    what: 'body.status.*Rules*',
    reason: 'each rule once; their order means nothing',
  },
];

const finalizer = 'as in Kubernetes, deletion waits for the instances by a finalizer that is there from the start';

const crds: readonly Reason[] = [
  { recording: 'crd/apply*', what: 'request', reason: apply },
  { recording: 'crd/strategic-unsupported', what: 'body.message', reason: apply },
  { recording: 'crd/list-metadata', what: 'body.items[applied].metadata.generation', reason: apply },
  { recording: 'crd/object-cel*', what: 'request', reason: cel },
  { recording: 'crd/object-*', what: 'body.message', reason: cel },
  { recording: 'crd/definition-*-cel', what: '*', reason: cel },
  { recording: 'crd/create', what: 'body.metadata.finalizers', reason: finalizer },
  { recording: 'crd/established', what: 'body.metadata.finalizers', reason: finalizer },
  { recording: 'crd/definition-names-conflict*', what: 'body.metadata.finalizers', reason: finalizer },
  {
    recording: 'crd/definition-service-conversion',
    what: '*',
    reason: 'conversion webhooks have their own issue; they are refused and not ignored',
  },
  { recording: 'crd/openapi-v3', what: '*', reason: better },
];

const atCreation = 'labelled at its creation, where kcp follows';
const claimsMeanAll = "v1alpha1 requires `all` or a selector: kcp's answer could not be written back";

const sharing: readonly Reason[] = [
  { recording: 'sharing/schema-no-versions', what: 'body.*', reason: cel },
  {
    recording: 'sharing/schema-immutable',
    what: 'body.message',
    reason: "fields of the value come in the client's order; without CEL rules",
  },
  { recording: 'sharing/object-invalid', what: 'body.*', reason: cel },
  { recording: 'sharing/export-as-v1alpha1', what: 'body.spec.permissionClaims*', reason: claimsMeanAll },
  { recording: 'sharing/binding-*', what: 'body*.metadata.generation', reason: atOnce },
  {
    recording: 'sharing/binding-c*',
    what: 'body.metadata.labels.claimed.internal.apis.kcp.io/<hash>',
    reason: atCreation,
  },
  { recording: 'sharing/crd-conflicts-with-binding', what: 'body.metadata.finalizers', reason: finalizer },
];

const virtual: readonly Reason[] = [
  {
    recording: 'virtual/apis',
    what: 'body.groups.order',
    reason: "Kubernetes' own order: its groups in their place, others by name",
  },
  { recording: 'virtual/api-v1', what: 'body.resources[configmaps].shortNames', reason: 'as in a workspace' },
  { recording: 'virtual/group', what: 'body.resources*.verbs*', reason: 'as in a workspace' },
  { recording: 'virtual/unclaimed', what: '*', reason: better },
  {
    recording: 'virtual/write-to-wildcard',
    what: 'body.details.causes',
    reason: 'a Status from the start, where kcp wraps text',
  },
  { recording: 'virtual/apibindings', what: 'body.items[share].metadata.generation', reason: atOnce },
  { recording: 'virtual/openapi-v3', what: 'body.paths*', reason: better },
  { recording: 'virtual/bad-export', what: '*', reason: better },
];

export const differences: readonly Reason[] = [
  ...workspaces,
  ...bootstrap,
  ...discovery,
  ...objects,
  ...errors,
  ...kinds,
  ...crds,
  ...sharing,
  ...virtual,
];
