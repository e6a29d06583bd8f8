import type { FieldError } from '@kcp-ts/api';
import { forbiddenField } from '@kcp-ts/api';

/** Nested schemas below each other. */
const depthMax = 100;
/** Values of any kind in one schema, which bounds its memory and the time to compile it. */
const valuesMax = 50_000;
/** Characters of text in one schema. */
const textMax = 1_500_000;

/** Different patterns in one schema: each costs time to check and memory to keep. */
const patternsMax = 1000;

/**
 * Checked before anything else walks the schema; whatever is refused here is not looked at any
 * further.
 */
export function checkBounds(schema: unknown, path: string): FieldError[] {
  let values = 0;
  let text = 0;
  let deepest = 0;
  const patterns = new Set<string>();
  const visit = (value: unknown, depth: number): void => {
    deepest = Math.max(deepest, depth);
    values++;
    if (typeof value === 'string') text += value.length;
    // A schema below another one is two levels of JSON away: `properties`, and the property.
    if (typeof value !== 'object' || value === null || depth > 2 * depthMax || values > valuesMax) return;
    for (const [key, member] of Object.entries(value)) {
      text += key.length;
      if (key === 'pattern' && typeof member === 'string') patterns.add(member);
      visit(member, depth + 1);
    }
  };
  visit(schema, 0);
  if (deepest > 2 * depthMax) return [forbiddenField(path, `must not be nested deeper than ${depthMax} levels`)];
  if (values > valuesMax) return [forbiddenField(path, `must not hold more than ${valuesMax} values`)];
  if (text > textMax) return [forbiddenField(path, `must not hold more than ${textMax} characters`)];
  if (patterns.size > patternsMax)
    return [forbiddenField(path, `must not hold more than ${patternsMax} different patterns`)];
  return [];
}
