import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'

import {
  DEFAULT_ADAPTIVE_OPTIONS,
  DEFAULT_BOUNDARY_OPTIONS,
  DEFAULT_FIXED_OPTIONS,
  DEFAULT_BODY_OPTIONS,
  DEFAULT_LIMIT_OPTIONS,
  DEFAULT_READER_OPTIONS,
  DEFAULT_STREAM_OPTIONS,
  ERROR_CODES,
} from '@sluice/core'
import { describe, expect, test } from 'vitest'

import { sourceFiles } from '../house/imports.ts'
import { markdownFiles, readDocument as read } from './documents.ts'
import { brokenLinks } from './markdown-links.ts'
import { ROOT } from './sandbox.ts'

const CONTRACT_NUMBERS = 14
const FIRST_RELEASE = '.changeset/first-release.md'

/** Sections of a document by heading, at one level. */
function sections(text: string, level: string): Map<string, string> {
  const [, ...parts] = text.split(new RegExp(`^${level} `, 'm'))
  return new Map(parts.map((part) => [part.slice(0, part.indexOf('\n')), part.slice(part.indexOf('\n') + 1).trim()]))
}

describe('docs/errors.md', () => {
  const described = sections(read('docs/errors.md'), '###')

  test('has one heading for every code, and no other', () => {
    expect([...described.keys()].toSorted()).toEqual(Object.keys(ERROR_CODES).toSorted())
  })

  test.each(Object.entries(ERROR_CODES))('%s begins with its status', (code, { status }) => {
    expect(described.get(code)).toMatch(new RegExp(`^Status ${status}\\b`))
  })
})

describe('packages/core/CONTRACT.md', () => {
  const rules = sections(read('packages/core/CONTRACT.md'), '##')

  test('has every number, in order', () => {
    const numbers = Array.from({ length: CONTRACT_NUMBERS }, (_, index) => index + 1)
    expect([...rules.keys()].map((heading) => Number.parseInt(heading, 10))).toEqual(numbers)
  })

  test.each([...rules])('%s: the tests it names are there and cite the number', (heading, text) => {
    const cites = new RegExp(`contract (\\d+(, | and ))*${Number.parseInt(heading, 10)}\\b`, 'i')
    const files = [...text.matchAll(/^- `(.*)`$/gm)].map(([, file = '']) => join('packages', file))
    expect(files.length).toBeGreaterThan(0)
    expect(files.filter((file) => !existsSync(join(ROOT, file)) || !cites.test(read(file)))).toEqual([])
  })
})

describe('defaults as the documents tell them', () => {
  const show = (options: object): string =>
    Object.entries(options)
      .map(([name, value]) => `${name}: ${typeof value === 'string' ? `'${value}'` : value}`)
      .join(', ')

  test.each([
    ['adaptive', DEFAULT_ADAPTIVE_OPTIONS],
    ['fixed', DEFAULT_FIXED_OPTIONS],
    ['boundary', DEFAULT_BOUNDARY_OPTIONS],
  ])('the policy %s', (name, options) => {
    for (const document of ['docs/chunking.md']) expect(read(document)).toContain(`\`${name}({ ${show(options)} })\``)
  })

  test.each([
    ['stream', DEFAULT_STREAM_OPTIONS],
    ['deadlines', DEFAULT_STREAM_OPTIONS.deadlines],
    ['reader', DEFAULT_READER_OPTIONS],
    ['limits', DEFAULT_LIMIT_OPTIONS],
    ['bodies', DEFAULT_BODY_OPTIONS],
  ])('every option of the group %s, with its number', (_group, options) => {
    const text = read('packages/core/README.md')
    const wanted = Object.entries(options).flatMap(([name, value]) => [
      `\`${name}\``,
      ...(typeof value === 'number' ? [value.toLocaleString('en-US')] : []),
    ])
    expect(wanted.filter((part) => !text.includes(part))).toEqual([])
  })
})

const library = { exists: (path: string): boolean => existsSync(join(ROOT, path)), read }

test.each(markdownFiles())('every link of %s leads somewhere, and every file it names is there', (document) => {
  expect(brokenLinks(document, read(document), library)).toEqual([])
})

/** Editors and the reference show a comment far from its file, and TypeDoc takes some of them for good by how deep the clone lies. */
test('no comment of a source links relatively', () => {
  const sources = readdirSync(join(ROOT, 'packages')).flatMap((name) => sourceFiles(name))
  expect(sources.length).toBeGreaterThan(300)
  expect(sources.filter((file) => /^\s*(?:\/\*)?\*.*\]\(\.{1,2}\//m.test(readFileSync(file, 'utf8')))).toEqual([])
})

test('the lock of the API reference is good with any registry', () => {
  expect(read('docs/reference/package-lock.json')).not.toContain('"resolved"')
})

describe('docs/picture.svg', () => {
  const picture = read('docs/picture.svg')

  test('is what scripts/picture.mjs draws', () => {
    expect(execFileSync(process.execPath, [join(ROOT, 'scripts/picture.mjs'), '--print'], { encoding: 'utf8' })).toBe(
      picture,
    )
  })

  test('has the folders of core for its words', () => {
    const folders = readdirSync(join(ROOT, 'packages/core/src'), { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => name)
    const words = [...picture.matchAll(/<text class="part"[^>]*>([^<]*)</g)].map(([, word]) => word)
    expect(words.toSorted()).toEqual(folders.toSorted())
  })
})

describe('every package', () => {
  const packages = readdirSync(join(ROOT, 'packages')).filter((name) =>
    existsSync(join(ROOT, 'packages', name, 'package.json')),
  )

  test('is linked from docs/README.md', () => {
    const index = read('docs/README.md')
    expect(packages.filter((name) => !index.includes(`(../packages/${name}/README.md)`))).toEqual([])
  })

  test('is part of the first release, until that is made', () => {
    const release = existsSync(join(ROOT, FIRST_RELEASE)) ? read(FIRST_RELEASE) : undefined
    const published = packages.filter((name) => !JSON.parse(read(`packages/${name}/package.json`)).private)
    const missing = published.filter((name) => !release?.includes(`'@sluice/${name}': minor`))
    expect(release === undefined ? [] : missing).toEqual([])
  })
})
