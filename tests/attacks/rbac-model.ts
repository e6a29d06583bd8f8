/**
 * Who may do what in a workspace, worked out from the lists of roles and bindings: the oracle of
 * the access review property. It shares no code with the server.
 */

export interface ModelRule {
  readonly verbs?: readonly string[];
  readonly apiGroups?: readonly string[];
  readonly resources?: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly nonResourceURLs?: readonly string[];
}

export interface ModelRole {
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly rules?: readonly ModelRule[] | null;
}

export interface ModelBinding {
  readonly metadata: { readonly namespace?: string };
  readonly roleRef: { readonly kind: string; readonly name: string };
  readonly subjects?: readonly { readonly kind: string; readonly name: string; readonly namespace?: string }[] | null;
}

/** All roles and bindings of one logical cluster, those of namespaces among them. */
export interface ModelRbac {
  readonly roles: readonly ModelRole[];
  readonly bindings: readonly ModelBinding[];
}

export interface ModelUser {
  readonly name: string;
  readonly groups: readonly string[];
  /** The cluster that a scope or a token holds the user to. */
  readonly heldTo?: string;
  /** Namespace and name of a service account with a token of its own. */
  readonly account?: string;
}

export interface Attributes {
  readonly verb: string;
  readonly group?: string;
  readonly resource?: string;
  readonly subresource?: string;
  readonly namespace?: string;
  readonly name?: string;
  /** Instead of all the others but the verb. */
  readonly path?: string;
}

export interface ModelScenario {
  readonly cluster: string;
  readonly system: ModelRbac;
  readonly own: ModelRbac;
  readonly provider: ModelRbac;
  readonly providerCluster: string;
  readonly requiredGroups: string;
}

type Person = Pick<ModelUser, 'name' | 'groups'>;

function allows(rule: ModelRule, asked: Attributes): boolean {
  const among = (list: readonly string[] | undefined, value: string) =>
    list?.some((one) => one === '*' || one === value);
  if (!among(rule.verbs, asked.verb)) return false;
  if (asked.path !== undefined) {
    const { path } = asked;
    return (rule.nonResourceURLs ?? []).some(
      (url) => url === path || (url.endsWith('*') && path.startsWith(url.slice(0, -1))),
    );
  }
  const { group = '', resource = '', subresource = '', name = '' } = asked;
  if (!among(rule.apiGroups, group)) return false;
  const wanted = subresource === '' ? [resource] : [`${resource}/${subresource}`, `*/${subresource}`];
  if (![...wanted, '*'].some((one) => rule.resources?.includes(one))) return false;
  return (rule.resourceNames ?? []).length === 0 || rule.resourceNames?.includes(name) === true;
}

/** RBAC of a cluster and of `system:admin`, for one person. */
function permits(own: ModelRbac, system: ModelRbac, person: Person, asked: Attributes): boolean {
  const find = (from: ModelRbac, name: string, namespace: string | undefined) =>
    from.roles.find(({ metadata }) => metadata.name === name && metadata.namespace === namespace);
  for (const from of [system, own]) {
    for (const { metadata, roleRef, subjects } of from.bindings) {
      const { namespace } = metadata;
      if (namespace !== undefined && (from === system || namespace !== asked.namespace)) continue;
      const isHim = (subjects ?? []).some(({ kind, name, ...more }) => {
        if (kind === 'User') return name === person.name;
        if (kind === 'Group') return person.groups.includes(name);
        return person.name === `system:serviceaccount:${more.namespace ?? namespace ?? ''}:${name}`;
      });
      if (!isHim) continue;
      const role =
        roleRef.kind === 'Role'
          ? find(from, roleRef.name, namespace)
          : (find(from, roleRef.name, undefined) ?? find(system, roleRef.name, undefined));
      if ((role?.rules ?? []).some((rule) => allows(rule, asked))) return true;
    }
  }
  return false;
}

/** The effective user in a cluster. */
function persons({ name, groups, heldTo, account }: ModelUser, cluster: string): readonly Person[] {
  const global: Person[] =
    account === undefined || heldTo === undefined
      ? []
      : [{ name: `system:kcp:serviceaccount:${heldTo}:${account}`, groups: ['system:authenticated'] }];
  if (heldTo === undefined) return [{ name, groups }];
  if (heldTo === cluster)
    return [{ name, groups: account === undefined ? groups : [...groups, `system:cluster:${heldTo}`] }, ...global];
  return [{ name: 'system:anonymous', groups: ['system:authenticated', `system:cluster:${heldTo}`] }, ...global];
}

/** The effective user that the provider of a bound API sees for a user of a workspace. */
function consumer({ name, groups, heldTo, account }: ModelUser, cluster: string): Person | undefined {
  if (heldTo !== undefined && heldTo !== cluster) return undefined;
  if (heldTo === undefined) return { name, groups };
  if (account === undefined)
    return { name: 'system:anonymous', groups: ['system:authenticated', `system:cluster:${cluster}`] };
  return { name: `system:kcp:serviceaccount:${cluster}:${account}`, groups };
}

/** Whether the user may do it in the workspace. */
export function mayIn(scenario: ModelScenario, user: ModelUser, asked: Attributes): boolean {
  const { cluster, own, system, provider, requiredGroups } = scenario;
  if (user.groups.includes('system:masters') || ['/livez', '/readyz', '/healthz'].includes(asked.path ?? ''))
    return true;
  const [self, ...others] = persons(user, cluster);
  if (self === undefined) return false;
  const all = [self, ...others];
  const isAccount = self.name.startsWith('system:serviceaccount:');
  const exempt = isAccount || self.groups.includes('system:kcp:admin');
  const member = requiredGroups.split(';').some((set) => set.split(',').every((one) => self.groups.includes(one)));
  if (requiredGroups !== '' && !exempt && !member) return false;
  const may = (one: Attributes) => all.some((person) => permits(own, system, person, one));
  if (!isAccount && !may({ verb: 'access', path: '/' })) return false;
  if (asked.group === 'apis.kcp.io' && asked.resource === 'apiexports' && asked.subresource === 'status') return false;
  if (asked.group === 'wild.west') {
    const person = consumer(user, cluster);
    const prefix = 'apis.kcp.io:binding:';
    const known =
      person === undefined
        ? undefined
        : { name: prefix + person.name, groups: person.groups.map((one) => prefix + one) };
    if (known === undefined || !permits(provider, system, known, asked)) return false;
  }
  return may(asked);
}

/**
 * Whether the user may do it through the provider's virtual workspace, in a consumer that is bound.
 */
export function mayThroughExport(scenario: ModelScenario, user: ModelUser, verb: string, exportName: string): boolean {
  if (user.groups.includes('system:masters')) return true;
  const content = { verb, group: 'apis.kcp.io', resource: 'apiexports', subresource: 'content', name: exportName };
  return persons(user, scenario.providerCluster).some((person) =>
    permits(scenario.provider, scenario.system, person, content),
  );
}
