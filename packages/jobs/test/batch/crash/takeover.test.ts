import { expect, test } from 'vitest'

import type { LineAnswer } from '../../../src/batch.ts'
import { FragileProcess } from '../rig/fragile-process.ts'
import { virtualBatches } from '../rig/virtual-batches.ts'

const good: LineAnswer = { statusCode: 200, requestId: null, body: '{}' }

test('whoever stood still while others took the batch writes no result any more, though nobody else has written one', async () => {
  const { runtime, documents, files, open, begin, results, find } = virtualBatches()
  const standing = new FragileProcess(documents, files, () => Promise.resolve())
  let answer = (): void => {}
  const first = open(
    async () => {
      await new Promise<void>((resolve) => (answer = resolve))
      return { ...good, body: '"of the first"' }
    },
    { documents: standing.documents, files: standing.files },
  )
  const id = await begin(first, 1)
  await runtime.advance(1_500)
  standing.standStill()
  const second = open(async () => {
    await new Promise<void>((resolve) => void runtime.after(5_000, resolve))
    return { ...good, body: '"of the second"' }
  })
  await runtime.advance(12_000)
  answer()
  standing.goOn()
  await runtime.advance(500)
  expect(results(id).output).toEqual([])
  await runtime.advance(10_000)
  expect((await find(id)).state.phase).toBe('completed')
  expect(results(id).output).toMatchObject([{ response: { body: 'of the second' }, sluice: { attempts: 2 } }])
  await Promise.all([first.stop(), second.stop()])
})

test('what is noted of a batch is true after a power cut: the lines since then are asked again, and no others', async () => {
  const { runtime, documents, files, open, begin, results, find } = virtualBatches()
  const asked = new Map<string, number>()
  const run = async ({ customId }: { customId: string }): Promise<LineAnswer> => {
    asked.set(customId, (asked.get(customId) ?? 0) + 1)
    await new Promise<void>((resolve) => void runtime.after(100, resolve))
    return good
  }
  const dying = new FragileProcess(documents, files, () => Promise.resolve())
  const first = open(run, { documents: dying.documents, files: dying.files, work: { concurrency: 1 } })
  const id = await begin(first, 60)
  await runtime.advance(3_500)
  dying.die('nothing')
  files.cutPower(0, false)
  const noted = results(id).output.length
  expect(noted).toBeGreaterThan(10)
  const second = open(run)
  await runtime.advance(30_000)
  expect((await find(id)).state.phase).toBe('completed')
  expect(results(id).output).toHaveLength(60)
  expect(new Set(results(id).output.map((line) => line.custom_id)).size).toBe(60)
  const again = [...asked.values()].filter((times) => times > 1).length
  expect(again).toBeGreaterThan(0)
  // A second's, and the one that was asked.
  expect(again).toBeLessThanOrEqual(12)
  await second.stop()
})
