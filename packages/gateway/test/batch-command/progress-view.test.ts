import { createVirtualRuntime } from '@sluice/testing'
import { expect, test } from 'vitest'

import { type Progress, ProgressView, progressText } from '../../src/batch-command/progress-view.ts'

const BASIS = { done: 100, perSecond: 12.5, windowS: 8, ahead: 0 }
const ETA = { earliestMs: 301_000, likelyMs: 361_000, latestMs: 7_501_000, basis: BASIS }
const HALF: Progress = { total: 5_000, done: 117, failed: 3, running: 16, eta: ETA, nowMs: 1_000 }

test('how far a batch is, in words', () => {
  expect(progressText(HALF)).toBe(
    '120 of 5000 lines, 13 a second, 6 min left (5 min to 2 h 05 min), 3 failed, 16 at a time',
  )
  expect(progressText({ ...HALF, done: 2, failed: 0, eta: null })).toBe(
    '2 of 5000 lines, no rate yet, time left not known yet, 0 failed, 16 at a time',
  )
})

test('is a line every ten seconds where there is no terminal, and a bar that is painted over on one', async () => {
  for (const isTTY of [false, true]) {
    const runtime = createVirtualRuntime()
    let text = ''
    const view = new ProgressView(runtime, { isTTY, columns: 60, write: (more) => (text += more) }, () => HALF)
    view.begin()
    await runtime.advance(20_500)
    view.end()
    const before = text
    await runtime.advance(60_000)
    expect(text).toBe(before)
    if (isTTY) {
      expect(text.split('\r').length - 1).toBe(83)
      expect(text).toContain('[........................] 120 of 5000')
      expect(text.split('\r').every((painted) => painted.replace('\u001b[2K', '').length <= 60)).toBe(true)
    } else expect(text).toBe(`${progressText(HALF)}\n`.repeat(2))
  }
})
