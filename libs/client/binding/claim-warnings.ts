/** What the bindings of a workspace leave undecided: shown to a user that enters it. */
import { StatusError } from '@kcp-ts/api';
import type { ApiClient } from '../api/api-client.ts';
import type { ApiBinding, Claim } from './binding-object.ts';
import { bindingsPath, claimText, sameClaim } from './binding-object.ts';

/** One line or two for each claim that differs; empty when the bindings may not be read. */
export async function claimWarnings(client: ApiClient): Promise<readonly string[]> {
  try {
    const { items } = await client.get<{ readonly items?: readonly ApiBinding[] }>(bindingsPath);
    return (items ?? []).flatMap(warningsOf);
  } catch (error) {
    if (error instanceof StatusError) return [];
    throw error;
  }
}

function verbsText(claim: Claim): string {
  return [...(claim.verbs ?? [])].sort().join(',');
}

export function warningsOf(binding: ApiBinding): readonly string[] {
  const name = binding.metadata.name;
  return (binding.status?.exportPermissionClaims ?? []).flatMap((exported) => {
    const claim = claimText(exported);
    const decided = binding.spec.permissionClaims?.find((candidate) => sameClaim(candidate, exported));
    if (decided === undefined) {
      return [
        `Warning: claim for ${claim} exported but not specified on APIBinding ${name}`,
        "Add this claim to the APIBinding's Spec.",
      ];
    }
    if (decided.state !== 'Accepted' && decided.state !== 'Rejected') {
      return [`Warning: claim for ${claim} specified on APIBinding ${name} but not accepted or rejected.`];
    }
    if (verbsText(decided) !== verbsText(exported)) {
      return [
        `Warning: allowed verbs (${verbsText(decided)}) on claim for ${claim} on APIBinding ${name} do not match expected verbs (${verbsText(exported)}).`,
      ];
    }
    return [];
  });
}
