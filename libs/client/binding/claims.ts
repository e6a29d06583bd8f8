/**
 * `kubectl kcp claims get|accept|reject`: what a workspace's bindings grant to the providers of its
 * APIs.
 */
import type { Session } from '../session.ts';
import { parseClaim } from './bind-export.ts';
import type { ApiBinding, Claim, DecidedClaim } from './binding-object.ts';
import { bindingsPath, claimText, sameClaim } from './binding-object.ts';

/** Columns as wide as their widest cell and three spaces apart, as kubectl prints them. */
function tableLines(rows: readonly (readonly string[])[]): readonly string[] {
  const widths: number[] = [];
  for (const row of rows) {
    for (const [column, cell] of row.entries()) widths[column] = Math.max(widths[column] ?? 0, cell.length);
  }
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd((widths[column] ?? 0) + 3))
      .join('')
      .trimEnd(),
  );
}

/** Every claim of one binding or of all, with what was decided. */
export async function printClaims(session: Session, name: string | undefined): Promise<void> {
  const client = session.at();
  const bindings =
    name === undefined
      ? ((await client.get<{ readonly items?: readonly ApiBinding[] }>(bindingsPath)).items ?? [])
      : [await client.get<ApiBinding>(`${bindingsPath}/${name}`)];
  const rows = bindings.flatMap((binding) =>
    (binding.status?.exportPermissionClaims ?? []).map((claim) => {
      const decided = binding.spec.permissionClaims?.find((candidate) => sameClaim(candidate, claim));
      return [binding.metadata.name, claimText(claim), (claim.verbs ?? []).join(','), decided?.state ?? 'Open'];
    }),
  );
  for (const line of tableLines([['APIBINDING', 'GROUP-RESOURCE', 'VERBS', 'STATUS'], ...rows]))
    session.terminal.print(line);
}

export interface DecideOptions {
  readonly binding: string;
  readonly action: 'accept' | 'reject';
  /** `resource.group`; every claim of the export if absent. */
  readonly resource?: string | undefined;
  readonly identityHash?: string | undefined;
}

/** Accepts or rejects claims of a binding; what was decided about others stays. */
export async function decideClaims(session: Session, options: DecideOptions): Promise<void> {
  const binding = await session.at().get<ApiBinding>(`${bindingsPath}/${options.binding}`);
  const chosen = chooseClaims(binding, options);
  const state: DecidedClaim['state'] = options.action === 'accept' ? 'Accepted' : 'Rejected';
  const before = binding.spec.permissionClaims ?? [];
  const kept = before.filter((claim) => !chosen.some((candidate) => sameClaim(candidate, claim)));
  const decided = chosen.map((claim): DecidedClaim => {
    const selector = before.find((candidate) => sameClaim(candidate, claim))?.selector ?? { matchAll: true };
    return {
      group: claim.group ?? '',
      resource: claim.resource,
      identityHash: claim.identityHash ?? '',
      verbs: claim.verbs ?? ['*'],
      selector,
      state,
    };
  });
  await session.at().put(`${bindingsPath}/${options.binding}`, {
    ...binding,
    spec: { ...binding.spec, permissionClaims: [...kept, ...decided] },
  });
  for (const claim of chosen)
    session.terminal.print(`claim "${claimText(claim)}" on APIBinding "${options.binding}" is ${options.action}ed`);
}

function chooseClaims(binding: ApiBinding, options: DecideOptions): readonly Claim[] {
  const offered = binding.status?.exportPermissionClaims ?? [];
  if (options.resource === undefined) return offered;
  const wanted = parseClaim(options.resource);
  const chosen = offered.filter(
    (claim) =>
      claim.resource === wanted.resource &&
      (claim.group ?? '') === wanted.group &&
      (options.identityHash === undefined || (claim.identityHash ?? '') === options.identityHash),
  );
  if (chosen.length === 0) throw new Error(`APIBinding "${options.binding}" has no claim for "${options.resource}"`);
  return chosen;
}
