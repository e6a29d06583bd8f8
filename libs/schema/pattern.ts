/** Users' regular expressions are RE2's. A JavaScript RegExp runs those that cannot backtrack badly; everything else goes through a linear-time engine. */
import { createRequire } from 'node:module';
import type { RE2JS } from 're2js';

// Loaded on the first pattern that needs it: it is large, and most patterns do not.
const require = createRequire(import.meta.url);
let engine: typeof RE2JS | undefined;

function re2(): typeof RE2JS {
  engine ??= (require('re2js') as { RE2JS: typeof RE2JS }).RE2JS;
  return engine;
}

/**
 * Literals, classes, anchors, and quantifiers on single atoms or on groups whose repetitions begin with a fixed separator cannot explode. Conservative:
 * no nested quantifiers but for `(sep class*)*` forms, no backreferences, no lookaround, no alternation under a quantifier.
 */
function isSafe(pattern: string): boolean {
  if (pattern.length > 256 || /\\[1-9]|\(\?|\\[pPQEAzbB]|\[\[:|\|/.test(pattern)) return false;
  const groups = pattern.match(/\([^()]*\)[*+{]/g) ?? [];
  if (pattern.replaceAll(/\\./g, '').split('(').length - 1 !== (pattern.match(/\([^()]*\)/g) ?? []).length) return false;
  return groups.every((group) => /^\((?:\\?[^\\[\](){}*+?.]|\\\.)/.test(group) && !/^\((?:\\?.)[*+?{]/.test(group));
}

export type PatternTest = (text: string) => boolean;

/** Throws an Error whose message is RE2's for a pattern that is none. */
export function compilePattern(pattern: string): PatternTest {
  if (isSafe(pattern)) {
    try {
      const expression = new RegExp(pattern);
      return (text) => expression.test(text);
    } catch {
      // RE2 says what is wrong with it.
    }
  }
  const compiled = re2().compile(pattern);
  return (text) => compiled.matcher(text).find();
}

/** What is wrong with a pattern, in RE2's words; undefined where nothing is. */
export function patternProblem(pattern: string): string | undefined {
  try {
    re2().compile(pattern);
    return undefined;
  } catch (thrown) {
    return (thrown as Error).message;
  }
}
