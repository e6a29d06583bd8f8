import { describe, expect, it } from 'vitest';
import { appliedClaims, claimsProblem } from './claims.ts';
import type { BindingClaim, ExportClaim } from './types.ts';

const asked: ExportClaim[] = [{ group: '', resource: 'configmaps', verbs: ['get', 'list', 'watch', 'create'] }];
const granted = (state: 'Accepted' | 'Rejected', verbs: string[], identityHash = ''): BindingClaim => ({
  group: '',
  resource: 'configmaps',
  identityHash,
  verbs,
  selector: { matchAll: true },
  state,
});

describe('claims', () => {
  it('apply where both sides name them and the consumer accepts', () => {
    expect(appliedClaims(asked, [granted('Accepted', ['get'])])).toEqual([
      { group: '', resource: 'configmaps', identityHash: '', verbs: ['get'], selector: { matchAll: true } },
    ]);
    expect(appliedClaims(asked, [granted('Rejected', ['get'])])).toEqual([]);
    expect(appliedClaims(asked, [granted('Accepted', ['get'], 'other')])).toEqual([]);
  });

  it('that grant other verbs than asked for are a mismatch', () => {
    expect(claimsProblem(asked, [granted('Accepted', ['get', 'list', 'watch'])])).toEqual({
      reason: 'PermissionClaimsMismatch',
      severity: 'Warning',
      message:
        '1 permission claim(s) have mismatched verbs or selectors (showing first 1): configmaps. (verbs: accepted [get list watch], exported [get list watch create])',
    });
  });

  it('that nobody asked for are invalid', () => {
    expect(claimsProblem(asked, [granted('Accepted', ['get'], 'wrong')])?.reason).toBe('InvalidPermissionClaims');
    expect(claimsProblem(asked, [granted('Rejected', ['get'], 'wrong')])).toBeUndefined();
  });
});
