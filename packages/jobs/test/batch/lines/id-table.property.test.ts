import { check } from '@sluice/testing'
import fc from 'fast-check'
import { expect, test } from 'vitest'

import { IdTable } from '../../../src/batch.ts'

test('a table answers as a map of all ids would', async () => {
  const ids = fc.array(fc.oneof(fc.integer({ min: 0, max: 2_000 }).map(String), fc.string()), { maxLength: 3_000 })
  await check(
    fc.property(ids, (list) => {
      const table = new IdTable()
      const map = new Map<string, number>()
      for (const [index, id] of list.entries()) {
        expect(table.add(id, index + 1)).toBe(map.get(id))
        if (!map.has(id)) map.set(id, index + 1)
      }
      expect(table.size).toBe(map.size)
      for (const [id, line] of map) expect(table.lineOf(id)).toBe(line)
      expect(table.lineOf('in no list of these')).toBeUndefined()
    }),
    { numRuns: 60 },
  )
})

test('100,000 long ids cost some megabytes', () => {
  const table = new IdTable()
  const before = process.memoryUsage().arrayBuffers
  const id = 'x'.repeat(1_000)
  for (let line = 1; line <= 100_000; line++) expect(table.add(id + String(line), line)).toBeUndefined()
  expect(table.size).toBe(100_000)
  expect(table.lineOf(`${id}77777`)).toBe(77_777)
  // Half of it may be the table before it grew.
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(8 * 1024 * 1024)
})
