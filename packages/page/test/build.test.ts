import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

import { expect, test } from 'vitest'

const ROOT = join(import.meta.dirname, '../../..')
const BUILT = join(ROOT, 'packages/gateway/page')
const STAMP = join(ROOT, 'packages/page/node_modules/.sluice-page.json')
const SCRIPT = '../../../scripts/page.mjs'

const hashOf = (file: string): string => createHash('sha256').update(readFileSync(file)).digest('hex')

test('each file but the document is named for what is in it, and is of use to the document or to a file of it', () => {
  const names = readdirSync(BUILT)
  const texts = names.map((name) => readFileSync(join(BUILT, name), 'utf8')).join('')
  for (const name of names.filter((each) => each !== 'index.html')) {
    expect(name).toMatch(/^[a-z-]+-[0-9a-f]{10}\.(?:js|css|svg|txt)$/)
    expect(name).toContain(hashOf(join(BUILT, name)).slice(0, 10))
    expect(texts).toContain(name)
  }
})

test('what the page was made of is written down, as it is: set-up builds it anew when any of it changes, and only then', async () => {
  const { isPageBuilt } = (await import(SCRIPT)) as { isPageBuilt(): boolean }
  expect(isPageBuilt()).toBe(true)
  const stamp = JSON.parse(readFileSync(STAMP, 'utf8')) as Record<string, string>
  const files = Object.keys(stamp)
  for (const wanted of [
    'client/src/paint/paint.ts',
    'core/src/chunking/adaptive.ts',
    'page/src/style/base.css',
    'page/build.ts',
  ])
    expect(files).toContain(`packages/${wanted}`)
  expect(files.filter((file) => !existsSync(join(ROOT, file)) || hashOf(join(ROOT, file)) !== stamp[file])).toEqual([])
})
