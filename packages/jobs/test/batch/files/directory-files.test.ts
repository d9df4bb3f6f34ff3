import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { expect, test } from 'vitest'

import { directoryFiles } from '../../../src/batch.ts'
import { newDirectories } from '../rig/directories.ts'
import { fileStoreSuite } from './suite/file-store-suite.ts'

const newDirectory = newDirectories()
const directory = newDirectory()

fileStoreSuite('a directory', { open: () => directoryFiles({ directory }) })

test('what a process that was killed has not finished is gone when the directory is opened next', async () => {
  const own = newDirectory()
  mkdirSync(own)
  writeFileSync(join(own, '~file-1~0'), 'half of it')
  const files = directoryFiles({ directory: own })
  expect(await files.size('file-1')).toBeUndefined()
  expect(readdirSync(own)).toEqual([])
})

test('more files than may be open are appended to in turn', async () => {
  const files = directoryFiles({ directory: newDirectory() })
  const names = Array.from({ length: 150 }, (_, index) => `file-${index}`)
  for (const at of [0, 1]) {
    for (const name of names) expect(await files.append([{ name, at, bytes: Buffer.from('a') }])).toBe(true)
  }
  for (const name of names) expect(await files.size(name)).toBe(2)
  if (existsSync('/proc/self/fd')) expect(readdirSync('/proc/self/fd').length).toBeLessThan(130)
  await files.close()
})
