import { createMemoryStore } from '@sluice/core'
import { check, expectedText, stringTokens } from '@sluice/testing'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { type Crossroads, openCrossroads, type Received, visit } from './cases/crossing.ts'
import type { TransportDriver, TransportStores } from './rig/driver.ts'

const RUNS = 60
const TIMEOUT_MS = 180_000
const MEMORY: TransportStores = { name: 'memory', create: () => createMemoryStore() }

/** The source holds back half of a surrogate pair, and half of a line end is nobody's to miss. */
const WITHHELD_UNITS = 2

const NOTHING: Received = { text: '', cursor: undefined, ended: false, readings: 0 }

/** A reader comes through some door, is given so much of what is said by then, and is dropped. */
const leg = fc.record({
  tokens: stringTokens({ maxTokens: 8 }),
  door: fc.nat({ max: 99 }),
  share: fc.double({ min: 0, max: 1, noNaN: true }),
  saysLate: fc.boolean(),
  cut: fc.option(
    fc.record({ afterBytes: fc.integer({ min: 1, max: 2_000 }), how: fc.constantFrom('rst' as const, 'fin' as const) }),
    { nil: undefined },
  ),
})

/**
 * What all transports of a server owe together: a stream that is started on any of them goes on on any other.
 *
 * @example
 * ```ts
 * const drivers: Record<string, TransportDriver> = {} // here: yours, by name
 * describeCrossing(drivers)
 * ```
 */
export function describeCrossing(
  drivers: Readonly<Record<string, TransportDriver>>,
  stores: TransportStores = MEMORY,
  { runs = RUNS }: { runs?: number | undefined } = {},
): void {
  describe(`all transports together, streams in ${stores.name}`, { timeout: TIMEOUT_MS }, () => {
    let crossroads: Crossroads
    beforeAll(async () => void (crossroads = await openCrossroads(drivers, stores)))
    afterAll(() => crossroads?.[Symbol.asyncDispose]())

    const names = Object.keys(drivers)
    const pairs = names.flatMap((from) => names.map((to) => [from, to] as const))
    test.each(pairs)('contract 1: what is started over %s goes on over %s, byte for byte', async (from, to) => {
      const { doors, newScript } = crossroads
      const script = newScript()
      script.say('Grüße 👩🏽', '\u200d🚀 ')
      const begins = doors.find(({ transport }) => transport === from)!
      // At another instance, where there is one.
      const goesOn = doors.findLast(({ transport }) => transport === to)!
      const half = await visit(begins, NOTHING, { enough: (text) => text === script.said })
      script.say('\u2028und ', 'aus')
      script.finish()
      const whole = await visit(goesOn, half, { enough: () => false })
      expect(whole).toMatchObject({ text: script.said, ended: true })
    })

    test('contract 1: wherever a stream is started, dropped and resumed, its text is the source’s, byte for byte', async () => {
      let crossed = 0
      const property = fc.asyncProperty(fc.array(leg, { minLength: 2, maxLength: 6 }), async (legs) => {
        const { doors, newScript } = crossroads
        const script = newScript()
        const doorAt = (door: number): (typeof doors)[number] => doors[door % doors.length]!
        let received = NOTHING
        for (const { tokens, door, share, saysLate, cut } of legs) {
          const said = script.said.length + tokens.join('').length
          const wanted = Math.floor((said - WITHHELD_UNITS) * share)
          if (!saysLate) script.say(...tokens)
          const visiting = visit(doorAt(door), received, { enough: ({ length }) => length >= wanted, cut })
          if (saysLate) script.say(...tokens)
          received = await visiting
        }
        script.finish()
        while (!received.ended) received = await visit(doorAt(legs[0]!.door + 1), received, { enough: () => false })
        expect(received.text).toBe(expectedText(legs.flatMap(({ tokens }) => tokens)))
        crossed += received.readings - 1
      })
      await check(property, { numRuns: runs })
      // Else nothing was shown.
      expect(crossed).toBeGreaterThan(runs / 2)
    })
  })
}
