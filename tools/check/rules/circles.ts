import type { Finding } from '../finding.ts';
import type { Project } from '../project.ts';
import { resolveImport } from '../resolve-import.ts';

/**
 * Files that import each other in a circle, type imports included: one finding a circle, at its
 * first file.
 */
export function checkCircles(project: Project): readonly Finding[] {
  const graph = new Map<string, readonly string[]>();
  for (const file of project.files) {
    graph.set(
      file.path,
      file.imports.flatMap((entry) => resolveImport(project, file.path, entry.specifier) ?? []),
    );
  }
  return stronglyConnected(graph)
    .filter((circle) => circle.length > 1 || (graph.get(circle[0] ?? '') ?? []).includes(circle[0] ?? ''))
    .map((circle) => {
      const [first = '', ...rest] = [...circle].sort();
      return {
        rule: 'import-circle',
        path: first,
        line: 1,
        message: `Imports run in a circle with ${rest.join(', ')}: move what they share to a file of its own`,
      };
    });
}

/** Tarjan's algorithm. */
function stronglyConnected(graph: ReadonlyMap<string, readonly string[]>): readonly (readonly string[])[] {
  const found: string[][] = [];
  const order = new Map<string, number>();
  const lowest = new Map<string, number>();
  const stack: string[] = [];
  const onStack = new Set<string>();

  function visit(node: string): void {
    const number = order.size;
    order.set(node, number);
    lowest.set(node, number);
    stack.push(node);
    onStack.add(node);
    for (const next of graph.get(node) ?? []) {
      if (!order.has(next)) visit(next);
      if (onStack.has(next)) lowest.set(node, Math.min(lowest.get(node) ?? 0, lowest.get(next) ?? 0));
    }
    if (lowest.get(node) !== number) return;
    const circle = stack.splice(stack.indexOf(node));
    for (const member of circle) onStack.delete(member);
    found.push(circle);
  }

  for (const node of graph.keys()) if (!order.has(node)) visit(node);
  return found;
}
