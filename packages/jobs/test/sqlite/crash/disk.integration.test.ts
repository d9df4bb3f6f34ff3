import { mkdirSync } from 'node:fs'

import { expect, test } from 'vitest'

import { newDirectories } from '../../../../sqlite/test/rig/directories.ts'
import { printed, printedBelow } from '../../../../sqlite/test/rig/programs.ts'
import { sqliteQueue } from '../../../src/sqlite.ts'

const newDirectory = newDirectories()
const programAt = (name: string): URL => new URL(name, import.meta.url)

test('a second process is told which one has the directory', async () => {
  const directory = newDirectory()
  const queue = sqliteQueue(directory)
  expect(await printed(programAt('try-to-open.ts'), [directory])).toEqual({
    code: 'SLUICE_ERR_STORE_LOCKED',
    message: expect.stringMatching(
      new RegExp(`${directory} is in use by process ${process.pid}: .*of its own`),
    ) as string,
  })
  await queue.close()
  expect(await printed(programAt('try-to-open.ts'), [directory])).toEqual({ opened: true })
})

test('a directory that cannot be written is named', async () => {
  const directory = newDirectory()
  await sqliteQueue(directory).close()
  const mount = `mount --bind ${directory} ${directory} && mount -o remount,ro,bind ${directory}`
  expect(await printedBelow(mount, programAt('try-to-open.ts'), [directory])).toEqual({
    code: 'SLUICE_ERR_OPTION',
    message: expect.stringMatching(new RegExp(`${directory} cannot be written`)) as string,
  })
})

test('on a full disk writes are refused, none is done by halves, nothing is lost, and all goes on with room', async () => {
  const directory = newDirectory()
  mkdirSync(directory)
  const mount = `mount -t tmpfs -o size=1m none ${directory}`
  const found = (await printedBelow(mount, programAt('fill-disk.ts'), [directory])) as {
    written: number
    whenFull: boolean[]
  }
  expect(found.written).toBeGreaterThan(2)
  const all = [...Array.from({ length: found.written }, () => true), false, false]
  expect(found).toEqual({
    written: found.written,
    refused: {
      code: 'SLUICE_ERR_STORE',
      status: 503,
      message: 'The file of documents did not do what it was asked: there is no room left.',
    },
    countWhenFull: found.written,
    whenFull: all,
    later: 'ok',
    afterwards: all,
    latest: true,
  })
})
