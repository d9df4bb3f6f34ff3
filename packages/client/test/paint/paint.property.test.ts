import { check, hostileText, RUNS } from '@sluice/testing'
import fc from 'fast-check'
import { expect, test } from 'vitest'

import { PaintedPage } from '../rig/painted-page.ts'

const LAG_MS = 120
const FRAME_MS = 16
/** Text comes in any pieces, cut anywhere, after any number of frames; each frame takes what it takes. */
const scripts = fc.array(
  fc.record({
    text: fc.oneof(hostileText({ loneSurrogates: false, maxPieces: 6 }), fc.lorem({ maxCount: 30 })),
    frames: fc.nat(12),
  }),
  { maxLength: 8 },
)
const boundaries = (text: string): Set<number> => {
  const segments = new Intl.Segmenter(undefined, { granularity: 'grapheme' }).segment(text)
  return new Set([...Array.from(segments, ({ index }) => index), text.length])
}

test('contract 1: what is painted is the text, in order, and never further behind than the lag', () =>
  check(
    fc.asyncProperty(scripts, fc.boolean(), async (script, reducedMotion) => {
      const page = new PaintedPage({ lagMs: LAG_MS }, { reducedMotion })
      const came: { chars: number; atMs: number }[] = []
      let text = ''
      for (const { text: piece, frames } of script) {
        await page.say(piece)
        text += piece
        came.push({ chars: text.length, atMs: page.nowMs })
        for (let index = 0; index < frames; index++) {
          await page.pass(1, FRAME_MS)
          expect(text.startsWith(page.text)).toBe(true)
          const due = came.findLast(({ atMs }) => page.nowMs - atMs >= LAG_MS)?.chars ?? 0
          expect(page.text.length).toBeGreaterThanOrEqual(due)
        }
      }
      await page.end()
      await page.pass(LAG_MS / FRAME_MS + 1, FRAME_MS)
      expect(page.text).toBe(text)
      expect(page.isIdle).toBe(true)
      await expect(page.painting.done).resolves.toMatchObject({ complete: true })
    }),
    { numRuns: Math.ceil(RUNS / 4) },
  ))

test('no character is cut while the rest of it is there', () =>
  check(
    fc.asyncProperty(hostileText({ loneSurrogates: false }), async (text) => {
      const page = new PaintedPage({ lagMs: LAG_MS })
      await page.say(text)
      const whole = boundaries(text)
      for (let index = 0; index < 10; index++) {
        await page.pass(1, FRAME_MS)
        expect(whole).toContain(page.text.length)
      }
      expect(page.text).toBe(text)
    }),
    { numRuns: Math.ceil(RUNS / 4) },
  ))
