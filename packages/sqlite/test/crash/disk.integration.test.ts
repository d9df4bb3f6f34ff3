import { mkdirSync } from 'node:fs'

import { expect, test } from 'vitest'

import { sqliteStore } from '../../src/index.ts'
import { newDirectories } from '../rig/directories.ts'
import { printed, printedBelow } from '../rig/programs.ts'

const newDirectory = newDirectories()

test('a second process is told which one has the directory', async () => {
  const directory = newDirectory()
  const store = sqliteStore(directory)
  expect(await printed('try-to-open.ts', [directory])).toEqual({
    code: 'SLUICE_ERR_STORE_LOCKED',
    message: expect.stringMatching(
      new RegExp(`${directory} is in use by process ${process.pid}: .*of its own`),
    ) as string,
  })
  await store.dispose()
  expect(await printed('try-to-open.ts', [directory])).toEqual({ opened: true })
})

test.each(['empty', 'with streams'])('a directory that cannot be written is named: %s', async (kind) => {
  const directory = newDirectory()
  if (kind === 'empty') mkdirSync(directory)
  else await sqliteStore(directory).dispose()
  const mount = `mount --bind ${directory} ${directory} && mount -o remount,ro,bind ${directory}`
  expect(await printedBelow(mount, 'try-to-open.ts', [directory])).toEqual({
    code: 'SLUICE_ERR_OPTION',
    message: expect.stringMatching(new RegExp(`${directory} cannot be written`)) as string,
  })
})

test('contract 2 and 4: on a full disk readers are told, starts are refused, nothing that was kept is lost, and all goes on with room', async () => {
  const directory = newDirectory()
  mkdirSync(directory)
  const mount = `mount -t tmpfs -o size=1m none ${directory}`
  const found = await printedBelow(mount, 'fill-disk.ts', [directory])
  expect(found).toMatchObject({
    closed: 'SLUICE_ERR_READING_CLOSED',
    health: 'down',
    refused: ['SLUICE_ERR_STORE', 503],
    later: 'room again',
    kept: 'kept',
    isBeginning: true,
    keeps: true,
    end: { reason: 'interrupted', cause: 'storage', complete: false },
  })
  expect((found as { shown: number }).shown).toBeGreaterThan(0)
})
