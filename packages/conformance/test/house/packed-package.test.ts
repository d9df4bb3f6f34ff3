import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

import { afterEach, expect, test } from 'vitest'

const SCRIPT = '../../../../scripts/packed-package.mjs'
type FaultsOf = (folder: string, place: string, root: object) => string[]

const ROOT_MANIFEST = {
  homepage: 'https://example.com/sluice#readme',
  bugs: { url: 'https://example.com/sluice/issues' },
  repository: { type: 'git', url: 'git+https://example.com/sluice.git' },
  license: 'MIT',
}
const MANIFEST = {
  name: '@sluice/core',
  version: '1.0.0',
  description: 'What it is',
  keywords: ['a', 'b', 'c'],
  homepage: 'https://example.com/sluice/tree/main/packages/core#readme',
  bugs: ROOT_MANIFEST.bugs,
  license: 'MIT',
  repository: { ...ROOT_MANIFEST.repository, directory: 'packages/core' },
  exports: { '.': { types: './dist/index.d.ts', default: './dist/index.js' } },
  bin: { run: './dist/run.js' },
  publishConfig: { access: 'public', provenance: true },
  dependencies: { zod: '^4.0.0' },
  engines: { node: '>=22.12' },
}
const MAP = { version: 3, sources: ['../src/index.ts'], sourcesContent: ['export {}'] }
const FILES = {
  'README.md': '# core',
  LICENSE: 'MIT',
  'dist/index.js': 'export {}\n//# sourceMappingURL=index.js.map\n',
  'dist/index.js.map': JSON.stringify(MAP),
  'dist/index.d.ts': 'export {}\n',
  'dist/run.js': '#!/usr/bin/env node\n//# sourceMappingURL=index.js.map\n',
}

const folders: string[] = []

afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true })
})

/** What is wrong with a package that is right but for what differs. */
async function faults(
  differs: { manifest?: object; files?: Record<string, string | undefined> } = {},
): Promise<string[]> {
  const { faultsOf } = (await import(SCRIPT)) as { faultsOf: FaultsOf }
  const folder = mkdtempSync(join(tmpdir(), 'sluice-packed-'))
  folders.push(folder)
  const manifest = JSON.stringify({ ...MANIFEST, ...differs.manifest })
  for (const [name, text] of Object.entries({ ...FILES, 'package.json': manifest, ...differs.files })) {
    if (text === undefined) continue
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    writeFileSync(join(folder, name), text)
  }
  return faultsOf(folder, 'packages/core', ROOT_MANIFEST)
}

test('a package that is right has no fault', async () => {
  expect(await faults()).toEqual([])
})

test.each<[string, Parameters<typeof faults>[0], string]>([
  ['another repository', { manifest: { repository: ROOT_MANIFEST.repository } }, '"repository"'],
  ['no homepage', { manifest: { homepage: undefined } }, '"homepage"'],
  ['no bugs', { manifest: { bugs: undefined } }, '"bugs"'],
  ['few keywords', { manifest: { keywords: ['a'] } }, 'keywords'],
  ['no provenance', { manifest: { publishConfig: { access: 'public' } } }, '"provenance"'],
  ['no word for the oldest Node', { manifest: { engines: {} } }, 'which Node'],
  ['a version of the workspace', { manifest: { dependencies: { a: 'workspace:^' } } }, '"workspace:^"'],
  ['a version of the catalog', { manifest: { peerDependencies: { a: 'catalog:' } } }, '"catalog:"'],
  [
    'the condition for sources',
    { manifest: { exports: { '.': { '@sluice/source': './dist/index.js' } } } },
    'condition',
  ],
  ['an export that is not there', { files: { 'dist/index.d.ts': undefined } }, './dist/index.d.ts'],
  ['a program that is none', { files: { 'dist/run.js': '//# sourceMappingURL=index.js.map\n' } }, '#!'],
  ['no licence', { files: { LICENSE: undefined } }, 'LICENSE'],
  ['sources', { files: { 'src/index.ts': 'export {}' } }, 'src/index.ts'],
  ['no source map', { files: { 'dist/index.js': 'export {}\n' } }, 'no source map'],
  ['a map that is not there', { files: { 'dist/index.d.ts': '//# sourceMappingURL=index.d.ts.map\n' } }, 'not there'],
  [
    'a map that leads out of the package',
    { files: { 'dist/index.js.map': JSON.stringify({ ...MAP, sourcesContent: undefined }) } },
    '../src/index.ts',
  ],
])('%s is a fault', async (_, differs, named) => {
  expect((await faults(differs)).join('\n')).toContain(named)
})
