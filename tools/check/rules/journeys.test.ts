import { expect, it } from 'vitest';
import { projectOf, texts } from '../project.fixture.ts';
import { checkJourneys } from './journeys.ts';

const project = projectOf({
  'libs/http/index.ts': "export { serve } from './server.ts';",
  'libs/http/server.ts': '',
  'libs/api/index.ts': "export { a } from './a.ts';",
  'libs/api/a.ts': '',
  'libs/base/clock.ts': '',
  'services/shard/compose.ts': "import { serve } from '@kcp-ts/http';\nimport { a } from '@kcp-ts/api';",
});

function findingsOf(...paths: readonly string[]): readonly string[] {
  const steps = paths.map((path, index) => `${index + 1}. \`${path}\` does its part.`).join('\n');
  const text = `# A\n\n1. \`libs/nowhere.ts\`\n\n## Five journeys\n\n### A request\n\n${steps}\n`;
  return texts(checkJourneys(project, 'ARCHITECTURE.md', text));
}

it('a journey goes down along imports, also through others', () => {
  expect(findingsOf('services/shard/compose.ts', 'libs/http/server.ts', 'libs/api/a.ts')).toEqual([]);
});

it('a file that is not there, that nothing leads to, or that is above the one before it, is found', () => {
  expect(findingsOf('services/shard/compose.ts', 'libs/http/gone.ts')).toEqual([
    'ARCHITECTURE.md:10: libs/http/gone.ts is not there: name the file that took its place in "A request" (journey)',
  ]);
  expect(findingsOf('services/shard/compose.ts', 'libs/base/clock.ts')).toEqual([
    'ARCHITECTURE.md:10: libs/base/clock.ts is imported by no file before it in "A request": name one that leads to it (journey)',
  ]);
  expect(findingsOf('services/shard/compose.ts', 'libs/api/a.ts', 'libs/http/server.ts')).toEqual([
    'ARCHITECTURE.md:11: libs/http/server.ts is on layer 2, above the file before it: "A request" has to go down (journey)',
  ]);
});
