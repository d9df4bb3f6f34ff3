import { expect, test } from 'vitest'

import { anchorsOf, brokenLinks, type Library } from './markdown-links.ts'

const FILES: Readonly<Record<string, string>> = {
  'README.md': '# sluice\n## In ten lines\n## In ten lines\n',
  'docs/a.md': '# A\n',
  'docs/b.md': '# B\n## `code` and [a link](a.md), *bold*!\n## Größe\n',
  'packages/core/src/index.ts': '',
  'docs/html/index.html': '',
}
const library: Library = {
  exists: (path) => Object.keys(FILES).some((file) => file === path || file.startsWith(`${path}/`)),
  read: (path) => FILES[path] ?? '',
}
const problemsOf = (markdown: string): string[] => brokenLinks('docs/a.md', markdown, library)

test.each([
  '[inside](b.md), [above](../README.md#in-ten-lines-1), [here](#a)',
  '[a folder](../packages/core)',
  '[titled](b.md "a title")',
  '![a picture](b.md)',
  '[heading](b.md#code-and-a-link-bold), [umlaut](b.md#größe), [coded](b.md#gr%C3%B6%C3%9Fe)',
  '[outside](https://example.com/a?b=c#d), <https://example.com>, <mailto:someone@example.com>',
  '[by reference][b]\n\n[b]: b.md',
  'in code: `[x](nowhere.md)`, and in a fence:\n```text\n[x](nowhere.md)\n```\n',
  '`core/src/index.ts`, `core/src/`, `packages/core/src/index.ts` and `packages/core` are there, `packages/*/src` is no path, `packages/core/dist` is made',
  '<!-- [x](nowhere.md) -->',
])('nothing is wrong with: %s', (markdown) => {
  expect(problemsOf(markdown)).toEqual([])
})

test.each([
  ['[x](nowhere.md)', 'nowhere.md: not there'],
  ['[x][y]\n\n[y]: nowhere.md', 'nowhere.md: not there'],
  ['<a href="nowhere.md">x</a>', 'nowhere.md: not there'],
  ['[x](b.md#c)', 'b.md#c: there is no such heading'],
  ['[x](../README.md#in-ten-lines-2)', '../README.md#in-ten-lines-2: there is no such heading'],
  ['[x](../packages/core/src/index.ts#L3)', '../packages/core/src/index.ts#L3: only a document has anchors that last'],
  ['[x](../../elsewhere.md)', '../../elsewhere.md: not there'],
  ['[x](html/index.html)', 'html/index.html: not there'],
  ['[x](/docs/b.md)', '/docs/b.md: a link inside is relative'],
  ['[x]()', '(nothing): a link inside is relative'],
  ['[x](http://example.com)', 'http://example.com: an address outside is https:, with a host'],
  ['[x](https://example.com.)', 'https://example.com.: an address outside is https:, with a host'],
  ['[x](https://localhost/)', 'https://localhost/: an address outside is https:, with a host'],
  ['`core/src/gone.ts`', 'packages/core/src/gone.ts: named, and not there'],
  ['`packages/core/src/gone.ts`', 'packages/core/src/gone.ts: named, and not there'],
])('%s is broken', (markdown, problem) => {
  expect(problemsOf(markdown)).toEqual([problem])
})

test('headings that come again are numbered, and those in a fence are none', () => {
  expect([...anchorsOf('# A b\n# A b\n```sh\n# A c\n```\n# A b')]).toEqual(['a-b', 'a-b-1', 'a-b-2'])
})
