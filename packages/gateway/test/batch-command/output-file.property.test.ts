import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { openAiLine } from '@sluice/jobs/batch'
import { check } from '@sluice/testing'
import fc from 'fast-check'
import { expect, onTestFinished, test } from 'vitest'

import { OutputFile } from '../../src/batch-command/output-file.ts'

function newPath(): string {
  const directory = mkdtempSync(join(tmpdir(), 'sluice-output-'))
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  return join(directory, 'out.jsonl')
}

const lineOf = (n: number, text: string): string =>
  openAiLine({ id: 'batch_req_1', customId: `line ${n}`, statusCode: 200, requestId: null, body: JSON.stringify(text) })

const texts = fc.array(fc.string({ unit: 'grapheme', maxLength: 30 }), { minLength: 1, maxLength: 8 })

test('wherever a file was torn, its whole lines are found, and what is added stands on lines of its own', async () => {
  const path = newPath()
  await check(
    fc.asyncProperty(
      texts,
      fc.double({ min: 0, max: 1, noNaN: true }),
      fc.nat({ max: 3 }),
      async (all, part, zeros) => {
        const lines = all.map((text, index) => lineOf(index + 1, text))
        const whole = Buffer.from(lines.join(''))
        const cut = Math.round(part * whole.length)
        writeFileSync(path, whole.subarray(0, cut))
        // What a power cut may leave.
        appendFileSync(path, Buffer.alloc(zeros))
        let expected = 0
        let length = 0
        for (const line of lines) {
          length += Buffer.byteLength(line)
          // One that lacks its end alone is whole, unless something else is there in its place.
          if (length <= cut || (length - 1 === cut && zeros === 0)) expected++
        }
        const found: string[] = []
        const file = await OutputFile.open(path, ({ line }) => void found.push(line.customId))
        expect(found).toEqual(lines.slice(0, expected).map((_, index) => `line ${index + 1}`))
        await Promise.all([file.add(lineOf(101, 'a')), file.add(lineOf(102, 'b'))])
        await file.close()
        expect(readFileSync(path, 'utf8')).toBe(
          [...lines.slice(0, expected), lineOf(101, 'a'), lineOf(102, 'b')].join(''),
        )
      },
    ),
    { numRuns: 150 },
  )
})

test('written anew it has the lines that are wanted, in the order that is wanted, and takes more', async () => {
  const path = newPath()
  await check(
    fc.asyncProperty(
      fc.shuffledSubarray([1, 2, 3, 4, 5, 6, 7], { minLength: 7 }),
      fc.nat({ max: 7 }),
      async (order, dropped) => {
        writeFileSync(path, order.map((n) => lineOf(n, `text ${n}`)).join(''))
        const file = await OutputFile.open(path, () => {})
        await file.rewrite(({ customId }) => {
          const n = Number(customId.slice(5))
          return n === dropped ? 0 : n
        })
        await file.add(lineOf(8, 'more'))
        await file.close()
        const kept = order.toSorted((a, b) => a - b).filter((n) => n !== dropped)
        expect(readFileSync(path, 'utf8')).toBe(
          [...kept.map((n) => lineOf(n, `text ${n}`)), lineOf(8, 'more')].join(''),
        )
      },
    ),
    { numRuns: 60 },
  )
})
