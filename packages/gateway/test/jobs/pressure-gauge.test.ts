import { expect, test } from 'vitest'

import { PressureGauge } from '../../src/jobs/pressure-gauge.ts'

const FROM_START = { resumed: false, delivered: true }

function arrange(): { gauge: PressureGauge; pass(ms: number): void } {
  let nowMs = 0
  return { gauge: new PressureGauge(() => nowMs), pass: (ms) => void (nowMs += ms) }
}

test('who waits for a first word counts as long as that takes, and for a while as it took', () => {
  const { gauge, pass } = arrange()
  expect(gauge.pressure()).toEqual({})
  gauge.started({ id: 'a' })
  gauge.attached({ id: 'a' }, FROM_START)
  pass(3_000)
  expect(gauge.pressure()).toEqual({ interactiveTtftMs: 3_000 })
  gauge.chunk({ id: 'a' })
  pass(5_000)
  gauge.ended({ id: 'a' })
  expect(gauge.pressure()).toEqual({ interactiveTtftMs: 3_000 })
  pass(5_001)
  expect(gauge.pressure()).toEqual({})
})

test('what nobody reads from its beginning is nobody’s wait: an answer as a whole, in the background, of a batch, or read later', () => {
  const { gauge, pass } = arrange()
  gauge.started({ id: 'whole' })
  gauge.attached({ id: 'whole' }, { resumed: false, delivered: false })
  gauge.started({ id: 'later' })
  pass(60_000)
  gauge.attached({ id: 'later' }, { resumed: true, delivered: true })
  expect(gauge.pressure()).toEqual({})
  gauge.ended({ id: 'whole' })
  gauge.ended({ id: 'later' })
  expect(gauge.pressure()).toEqual({})
})

test('who waits now for longer than others waited of late counts at once', () => {
  const { gauge, pass } = arrange()
  for (const id of ['a', 'b', 'c']) {
    gauge.started({ id })
    gauge.attached({ id }, FROM_START)
    gauge.chunk({ id })
  }
  gauge.started({ id: 'd' })
  gauge.attached({ id: 'd' }, FROM_START)
  pass(2_500)
  expect(gauge.pressure()).toEqual({ interactiveTtftMs: 2_500 })
})

test('nobody waits for what another process has, nor where whoever waited has left', () => {
  const { gauge, pass } = arrange()
  for (const id of ['lost', 'left', 'shared']) {
    gauge.started({ id })
    gauge.attached({ id }, FROM_START)
  }
  pass(2_500)
  gauge.lost({ id: 'lost' })
  gauge.detached({ id: 'left' }, { readers: 0 })
  gauge.detached({ id: 'shared' }, { readers: 1 })
  expect(gauge.pressure()).toEqual({ interactiveTtftMs: 2_500 })
  gauge.ended({ id: 'shared' })
  pass(60_000)
  expect(gauge.pressure()).toEqual({})
})
