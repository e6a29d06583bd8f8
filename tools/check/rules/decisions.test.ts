import { expect, it } from 'vitest';
import { texts } from '../project.fixture.ts';
import { checkDecisions } from './decisions.ts';

it('a page has its number, once, and a row in the index', () => {
  const pages = [
    { file: '0001-first.md', text: '# 1. First\n' },
    { file: '0002-second.md', text: '# 3. Second\n' },
    { file: '0002-other.md', text: '# 2. Other\n' },
  ];
  const index = '| 1 | [First](0001-first.md) | | |\n| 2 | [Second](0002-second.md) | | |\n';
  expect(texts(checkDecisions(pages, index))).toEqual([
    'docs/decisions/0002-second.md:1: The title does not begin with "# 2. " (decision)',
    'docs/decisions/0002-other.md:1: 0002-second.md has the same number: take the next free one (decision)',
    'docs/decisions/0002-other.md:1: docs/decisions/README.md has no row for it: add number, title, date and status (decision)',
  ]);
  expect(checkDecisions(pages.slice(0, 1), index)).toEqual([]);
});
