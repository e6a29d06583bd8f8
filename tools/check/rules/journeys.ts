import type { Finding } from '../finding.ts';
import { layerOf } from '../layers.ts';
import type { Project } from '../project.ts';
import { packageOf } from '../project.ts';
import { resolveImport } from '../resolve-import.ts';

interface Step {
  readonly path: string;
  readonly line: number;
}

interface Journey {
  readonly title: string;
  readonly steps: readonly Step[];
}

/** The numbered lists under the headings of the section: each item begins with a file. */
function journeysOf(text: string): readonly Journey[] {
  const journeys: { title: string; steps: Step[] }[] = [];
  let inside = false;
  for (const [index, line] of text.split('\n').entries()) {
    if (line.startsWith('## ')) inside = line === '## Five journeys';
    if (!inside) continue;
    if (line.startsWith('### ')) journeys.push({ title: line.slice(4), steps: [] });
    const path = /^\d+\. `([^`]+)`/.exec(line)?.[1];
    if (path !== undefined) journeys.at(-1)?.steps.push({ path, line: index + 1 });
  }
  return journeys;
}

/** Everything that a file imports, itself or through others. */
function reachableFrom(project: Project, start: string): ReadonlySet<string> {
  const files = new Map(project.files.map((file) => [file.path, file]));
  const seen = new Set<string>();
  const open = [start];
  for (let path = open.pop(); path !== undefined; path = open.pop()) {
    for (const { specifier } of files.get(path)?.imports ?? []) {
      const target = resolveImport(project, path, specifier);
      if (target === undefined || seen.has(target)) continue;
      seen.add(target);
      open.push(target);
    }
  }
  return seen;
}

function checkJourney(project: Project, document: string, { title, steps }: Journey): readonly Finding[] {
  const reached = new Set<string>();
  let layer = Number.POSITIVE_INFINITY;
  return steps.flatMap(({ path, line }, index) => {
    const at = { rule: 'journey', path: document, line } as const;
    const folder = packageOf(project, path)?.folder;
    if (!project.files.some((file) => file.path === path) || folder === undefined)
      return { ...at, message: `${path} is not there: name the file that took its place in "${title}"` };
    const found: Finding[] = [];
    if (index > 0 && !reached.has(path))
      found.push({
        ...at,
        message: `${path} is imported by no file before it in "${title}": name one that leads to it`,
      });
    const own = layerOf(folder) ?? 0;
    if (own > layer)
      found.push({ ...at, message: `${path} is on layer ${own}, above the file before it: "${title}" has to go down` });
    layer = own;
    for (const target of reachableFrom(project, path)) reached.add(target);
    return found;
  });
}

/** The journeys of ARCHITECTURE.md: each goes down, along imports. `text` is the document's. */
export function checkJourneys(project: Project, document: string, text: string): readonly Finding[] {
  return journeysOf(text).flatMap((journey) => checkJourney(project, document, journey));
}
