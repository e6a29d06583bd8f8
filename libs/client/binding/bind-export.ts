/**
 * `kubectl kcp bind apiexport path:name`: one binding, its claims decided, waited for until bound.
 */
import type { Session } from '../session.ts';
import type { ApiBinding, Claim, DecidedClaim } from './binding-object.ts';
import { bindingsPath, claimText } from './binding-object.ts';

export interface BindOptions {
  /** `root:provider:widgets`: the export's workspace and its name. */
  readonly reference: string;
  /** The binding's name; the export's if absent. */
  readonly name?: string | undefined;
  /** In milliseconds. */
  readonly timeout: number;
  /** Claims as `resource.group`; `core` is the empty group. */
  readonly accept: readonly string[];
  readonly reject: readonly string[];
  readonly acceptAll: boolean;
  readonly rejectAll: boolean;
}

/** `configmaps.core` is a resource of the empty group. */
export function parseClaim(text: string): Claim {
  const dot = text.indexOf('.');
  const [resource, group] = dot < 0 ? [text, ''] : [text.slice(0, dot), text.slice(dot + 1)];
  if (resource === '') throw new Error(`invalid permission claim "${text}": expected resource.group`);
  return { resource, group: group === 'core' ? '' : group };
}

function parseReference(text: string): { readonly path: string; readonly name: string } {
  const plain = text.startsWith(':') ? text.slice(1) : text;
  const colon = plain.lastIndexOf(':');
  if (colon <= 0 || colon === plain.length - 1)
    throw new Error(
      `fully qualified reference to workspace where APIExport exists is required: "${text}" is not path:name`,
    );
  return { path: plain.slice(0, colon), name: plain.slice(colon + 1) };
}

function decide(claim: Claim, state: DecidedClaim['state']): DecidedClaim {
  return {
    group: claim.group ?? '',
    resource: claim.resource,
    identityHash: claim.identityHash ?? '',
    verbs: ['*'],
    selector: { matchAll: true },
    state,
  };
}

export async function bindExport(session: Session, options: BindOptions): Promise<void> {
  const exported = parseReference(options.reference);
  if (options.acceptAll && options.rejectAll)
    throw new Error('--accept-all-permission-claims and --reject-all-permission-claims exclude each other');
  const claims = [
    ...options.accept.map((text) => decide(parseClaim(text), 'Accepted')),
    ...options.reject.map((text) => decide(parseClaim(text), 'Rejected')),
  ];
  const name = options.name ?? exported.name;
  let binding = await session.at().post<ApiBinding>(bindingsPath, {
    apiVersion: 'apis.kcp.io/v1alpha2',
    kind: 'APIBinding',
    metadata: { name },
    spec: { reference: { export: exported }, permissionClaims: claims },
  });
  session.terminal.print(`apibinding ${name} created. Waiting to successfully bind ...`);
  binding = await waitUntilBound(session, binding, options.timeout);
  if (options.acceptAll || options.rejectAll)
    await decideAll(session, binding, options.acceptAll ? 'Accepted' : 'Rejected');
  session.terminal.print(`${name} created and bound.`);
}

async function waitUntilBound(session: Session, created: ApiBinding, timeout: number): Promise<ApiBinding> {
  let binding = created;
  let pause = 20;
  for (let waited = 0; binding.status?.phase !== 'Bound'; waited += pause) {
    if (waited >= timeout) throw new Error(`could not bind ${created.metadata.name}: ${firstFailure(binding)}`);
    await session.sleep(pause);
    binding = await session.at().get<ApiBinding>(`${bindingsPath}/${created.metadata.name}`);
    pause = Math.min(pause * 2, 500);
  }
  return binding;
}

function firstFailure(binding: ApiBinding): string {
  const failure = binding.status?.conditions?.find((condition) => condition.status === 'False');
  return failure?.message ?? `phase is ${binding.status?.phase ?? 'unknown'}`;
}

/**
 * The claims are known once the binding is bound: each that was not named on the command line gets
 * `state`.
 */
async function decideAll(session: Session, binding: ApiBinding, state: DecidedClaim['state']): Promise<void> {
  const decided = binding.spec.permissionClaims ?? [];
  const named = new Set(decided.map(claimText));
  const rest = (binding.status?.exportPermissionClaims ?? []).filter((claim) => !named.has(claimText(claim)));
  if (rest.length === 0) return;
  const claims = [...decided, ...rest.map((claim) => ({ ...decide(claim, state), verbs: claim.verbs ?? ['*'] }))];
  await session.at().put(`${bindingsPath}/${binding.metadata.name}`, {
    ...binding,
    spec: { ...binding.spec, permissionClaims: claims },
  });
}
