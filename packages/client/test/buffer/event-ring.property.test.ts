import type { StreamEvent } from '@sluice/core'
import { check } from '@sluice/testing'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { DEFAULT_BUFFER_OPTIONS, type OnOverflow, resolveBufferOptions } from '../../src/buffer/buffer-options.ts'
import { type ClientEvent, createEventRing } from '../../src/buffer/event-ring.ts'

const textOf = (event: StreamEvent): string => (event.type === 'text' ? event.text : '')
const numbers = (events: readonly ClientEvent[]): number[] =>
  events.map((event) => Number(textOf(event as StreamEvent).trim()))
/** What was done: an event of so many characters came, or one was read. */
const steps = fc.array(fc.oneof(fc.record({ chars: fc.nat(30) }), fc.constant('take' as const)), { maxLength: 200 })
const limits = fc.record({ items: fc.integer({ min: 1, max: 10 }), bytes: fc.integer({ min: 100, max: 1_000 }) })

function play(
  onOverflow: OnOverflow,
  script: readonly ('take' | { chars: number })[],
  bounds: { items: number; bytes: number },
) {
  const ring = createEventRing({ ...bounds, onOverflow })
  const taken: ClientEvent[] = []
  let pushed = 0
  for (const step of script) {
    if (step === 'take') {
      const event = ring.take()
      if (event) taken.push(event)
    } else if (!ring.isFull || onOverflow === 'skip-and-mark') {
      ring.push({ type: 'text', text: String(++pushed).padEnd(step.chars) })
    }
    // The one that is being admitted excepted.
    expect(ring.items).toBeLessThanOrEqual(bounds.items + 1)
    expect(ring.bytes).toBeLessThanOrEqual(bounds.bytes + 2 * 30 + 64)
  }
  return { ring, taken, pushed }
}

describe('contract 6: the buffer is bounded', () => {
  test.each(['pause', 'drop-rendered'] as const)('under %s nothing unread is lost, and the order kept', (onOverflow) =>
    check(
      fc.property(steps, limits, (script, bounds) => {
        const { ring, taken, pushed } = play(onOverflow, script, bounds)
        for (let event = ring.take(); event; event = ring.take()) taken.push(event)
        expect(numbers(taken)).toEqual(Array.from({ length: pushed }, (_, index) => index + 1))
        expect([ring.unread, ring.isFull, ring.hasRoom]).toEqual([0, false, true])
      }),
    ),
  )

  test('under drop-rendered what was read last is at hand, as far as it fits', () =>
    check(
      fc.property(steps, limits, (script, bounds) => {
        const { ring, taken } = play('drop-rendered', script, bounds)
        const rendered = ring.rendered()
        expect(rendered).toEqual(taken.slice(taken.length - rendered.length))
        expect(ring.items).toBe(rendered.length + ring.unread)
      }),
    ))

  test('under skip-and-mark what is lost is counted where it was', () =>
    check(
      fc.property(steps, limits, (script, bounds) => {
        const { ring, taken, pushed } = play('skip-and-mark', script, bounds)
        for (let event = ring.take(); event; event = ring.take()) taken.push(event)
        let next = 1
        for (const event of taken) {
          if (event.type === 'skipped') next += event.events
          else expect(numbers([event])).toEqual([next++])
        }
        expect(next).toBe(pushed + 1)
      }),
    ))
})

test('a buffer that is full has room again when half of it is read', () => {
  const ring = createEventRing({ items: 4, bytes: 10_000, onOverflow: 'pause' })
  for (let index = 0; index < 5; index++) ring.push({ type: 'text', text: 'x' })
  expect(ring.isFull).toBe(true)
  ring.take()
  ring.take()
  expect([ring.isFull, ring.hasRoom]).toEqual([false, false])
  ring.take()
  expect(ring.hasRoom).toBe(true)
})

test('options are checked by name, and have finite defaults', () => {
  expect(resolveBufferOptions()).toEqual(DEFAULT_BUFFER_OPTIONS)
  expect(resolveBufferOptions({ items: undefined, onOverflow: 'skip-and-mark' })).toEqual({
    ...DEFAULT_BUFFER_OPTIONS,
    onOverflow: 'skip-and-mark',
  })
  expect(() => resolveBufferOptions({ onOverflow: 'drop' as OnOverflow })).toThrow(
    'The option "buffer.onOverflow" is "drop"',
  )
  expect(() => resolveBufferOptions({ itms: 4 } as object)).toThrow('"buffer.itms"')
})
