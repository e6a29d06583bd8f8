import { expect, it } from 'vitest';
import { projectOf, texts } from '../project.fixture.ts';
import { checkCircles } from './circles.ts';

it('a circle is found once, through packages and type imports', () => {
  const project = projectOf({
    'libs/api/index.ts': "export { a } from './a.ts';",
    'libs/api/a.ts': "import type { B } from './b.ts';",
    'libs/api/b.ts': "import { x } from '@kcp-ts/api';",
    'libs/api/c.ts': "import { a } from './a.ts';",
  });
  expect(texts(checkCircles(project))).toEqual([
    'libs/api/a.ts:1: Imports run in a circle with libs/api/b.ts, libs/api/index.ts: move what they share to a file of its own (import-circle)',
  ]);
});
