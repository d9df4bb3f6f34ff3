import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  check,
  chunksOf,
  createCollectingSink,
  createRig,
  createScriptedSource,
  plainWire,
  textOf,
} from '../rig/core-rig.ts'
import { bursts, runPolicy } from './policy-run.ts'
import { firstEightThenSixteen, followPaint, sentenceFirst } from './sample-policies.ts'

const read = (path: string): string => readFileSync(new URL(path, import.meta.url), 'utf8')

test('the documentation shows the policies that are proved here', () => {
  const [, ...definitions] = read('./sample-policies.ts')
    .split(/^(?:export )?const /m)
    .map((part) => part.trim())
  const page = read('../../../../docs/chunking.md')
  expect(definitions).toHaveLength(4)
  for (const definition of definitions) expect(page).toContain(definition)
})

test('sentence-first: the first sentence travels whole and first, unless it takes more than 900 ms; then nothing waits longer than 50 ms', () =>
  check(
    fc.asyncProperty(bursts(), async (list) => {
      const { chunks, arrivals, tokens } = await runPolicy(sentenceFirst, [...list, { waitMs: 2_000, tokens: [] }])
      const ends = tokens.findIndex((token) => /[.!?]["')]*\s*$/.test(token)) + 1
      const [first, ...rest] = chunks
      const patientUntilMs = arrivals[0]! + 0.98 * 900
      if (ends > 0 && arrivals[ends - 1]! < patientUntilMs) {
        expect([first!.toSeq, first!.atMs]).toEqual([ends, arrivals[ends - 1]])
      } else expect(first!.atMs).toBeGreaterThanOrEqual(patientUntilMs)
      for (const { fromSeq, atMs } of rest)
        expect(atMs - Math.max(first!.atMs, arrivals[fromSeq - 1]!)).toBeLessThanOrEqual(50)
    }),
  ))

test('first-eight-then-sixteen: eight tokens, then sixteen each time, as long as they come within a second', () =>
  check(
    fc.asyncProperty(fc.integer({ min: 1, max: 100 }), fc.nat({ max: 60 }), async (count, waitMs) => {
      const tokens = Array.from({ length: count }, () => ({ waitMs, tokens: ['a'] }))
      // The end flushes: it comes late.
      const list = [...tokens, { waitMs: 2_000, tokens: [] }]
      const { chunks } = await runPolicy(firstEightThenSixteen, list)
      const sizes = chunks.map(({ fromSeq, toSeq }) => toSeq - fromSeq + 1)
      const expected = sizes.map((_, index) => (index === 0 ? 8 : 16))
      const whole = Math.floor((count + 8) / 16)
      expect(sizes.slice(0, whole)).toEqual(expected.slice(0, whole))
    }),
  ))

test('follow-paint: never more tokens than the client paints, from the moment it has said so, and all of them in the end', () => {
  const rate = fc.oneof(fc.integer({ min: 1, max: 100 }), fc.double({ min: 1, max: 500, noNaN: true }))
  const reports = fc.array(fc.record({ afterMs: fc.nat({ max: 800 }), paintRate: rate }), {
    minLength: 1,
    maxLength: 3,
  })
  return check(
    fc.asyncProperty(bursts(), reports, async (list, reports) => {
      const { sluice, runtime } = createRig()
      const steps = list.flatMap(({ waitMs, tokens }) => [
        { wait: waitMs },
        ...tokens.map((token) => ({ yield: token })),
      ])
      const { source } = createScriptedSource([...steps, { wait: 1_000_000 }], { runtime })
      const off = { firstTokenMs: false, idleMs: false, totalMs: false } as const
      const stream = await sluice.start(source, { as: 'server', deadlines: off })
      const sink = createCollectingSink()
      const given: { atMs: number; tokens: number }[] = []
      const write = sink.write.bind(sink)
      sink.write = (bytes) => {
        const seq = chunksOf({ writes: [bytes] })[0]!.entries.at(-1)!.seq
        given.push({ atMs: runtime.now(), tokens: seq - given.reduce((sum, { tokens }) => sum + tokens, 0) })
        return write(bytes)
      }
      stream.deliver(sink, { wire: plainWire, chunking: followPaint, heartbeatMs: false })
      let paintRate = 0
      for (const report of [...reports, undefined]) {
        const before = given.length
        await runtime.advance(report?.afterMs ?? 300_000)
        const since = given.slice(before)
        if (paintRate > 0) {
          for (const [index, first] of since.entries()) {
            let tokens = 0
            for (const { atMs, tokens: more } of since.slice(index)) {
              tokens += more
              const painted = ((atMs - first.atMs) * paintRate) / 1_000
              if (tokens > painted + 1 + 1e-3) throw new Error(`${tokens} tokens while ${painted} were painted`)
            }
          }
        }
        if (!report) break
        paintRate = report.paintRate
        stream.report({ paintRate })
      }
      expect(textOf(sink)).toBe(list.flatMap(({ tokens }) => tokens).join(''))
      await stream.cancel()
    }),
  )
})
