/**
 * For `vi.waitFor` and `vi.waitUntil`: a machine that does something else may need longer than
 * their second.
 */
export const patience = { timeout: 15_000 } as const;
