import type { JsonSchema } from '@kcp-ts/meta';
export function applyMergePatch(o: unknown, p: unknown): unknown {
  if (typeof p !== 'object' || p === null || Array.isArray(p)) return p;
  const r: Record<string, unknown> = typeof o === 'object' && o !== null && !Array.isArray(o) ? { ...(o as object) } : {};
  for (const [k, v] of Object.entries(p)) { if (v === null) delete r[k]; else r[k] = applyMergePatch(r[k], v); }
  return r;
}
export function applyJsonPatch(o: unknown, _p: unknown): unknown { return o; }
export function applyStrategicMergePatch(o: unknown, p: unknown, _s: JsonSchema): unknown { return applyMergePatch(o, p); }
