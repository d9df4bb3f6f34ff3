import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

import { expect, test } from 'vitest'

import { ROOT } from './sandbox.ts'

const SUITE = join(ROOT, 'packages/conformance/src')
const RULE = /^- \*\*([A-Z]+-\d+)\*\* /
const TITLE = /`(contract \d+: [^`]*)`/g

/** The titles of all cases, as the suite's sources have them. */
function titles(): Set<string> {
  const folder = join(SUITE, 'transport/cases')
  const files = [join(SUITE, 'transport/crossing-suite.ts'), ...readdirSync(folder).map((file) => join(folder, file))]
  const sources = files.map((file) => readFileSync(file, 'utf8'))
  return new Set(
    sources.flatMap((text) => [...text.matchAll(/'(contract \d+: [^']*)'/g)].map(([, title = '']) => title)),
  )
}

interface Rule {
  readonly id: string
  readonly text: string
  readonly cases: readonly string[]
}

/** Items of lists that begin with an id, each with the lines that belong to it; the rest is prose. */
function read(text: string): { rules: Rule[]; prose: string } {
  const rules: Rule[] = []
  const prose: string[] = []
  for (const block of text.split(/\n(?=- |\n)/)) {
    const id = RULE.exec(block.trim())?.[1]
    if (id === undefined) prose.push(block)
    else rules.push({ id, text: block, cases: [...block.matchAll(TITLE)].map(([, title = '']) => title) })
  }
  return { rules, prose: prose.join('\n') }
}

const { rules, prose } = read(readFileSync(join(ROOT, 'packages/conformance/PROTOCOL.md'), 'utf8'))
const known = titles()

test('the protocol has rules, each with an id of its own', () => {
  const ids = rules.map(({ id }) => id)
  expect(ids.length).toBeGreaterThan(40)
  expect(ids).toEqual([...new Set(ids)])
})

test.each(rules)('$id says MUST, and every case that it names is one of the suite', ({ text, cases }) => {
  expect(text).toMatch(/\bMUST\b/)
  expect(cases).not.toEqual([])
  expect(cases.filter((title) => !known.has(title))).toEqual([])
})

test('no MUST is said outside of the rules, but where the word is explained', () => {
  const said = prose.split('\n').filter((line) => /\bMUST\b/.test(line))
  expect(said.filter((line) => !/RFC 2119|Each MUST has an id/.test(line))).toEqual([])
})

test('every case of the suite is named by a rule', () => {
  const named = new Set(rules.flatMap(({ cases }) => cases))
  expect([...known].filter((title) => !named.has(title))).toEqual([])
})
