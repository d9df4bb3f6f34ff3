import type { Json } from '@sluice/core'
import { canonicalJson, fingerprintOf } from '@sluice/core/extend'
import fc from 'fast-check'
import { expect, test } from 'vitest'

import { canonicalSlices } from '../../src/events/json/canonical-json.ts'

const json = fc.jsonValue().map((value) => JSON.parse(JSON.stringify(value)) as Json)

function shuffled(value: Json): Json {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return (value as readonly Json[]).map(shuffled)
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([name, member]) => [name, shuffled(member as Json)]),
  )
}

test('canonical JSON means the same, and is the same for every order of members', () => {
  fc.assert(
    fc.property(json, (value) => {
      expect(JSON.parse(canonicalJson(value))).toEqual(value)
      expect(canonicalJson(shuffled(value))).toBe(canonicalJson(value))
    }),
    { numRuns: 1000 },
  )
})

test('bodies that differ have different fingerprints', async () => {
  await fc.assert(
    fc.asyncProperty(json, json, async (one, other) => {
      const same = canonicalJson(one) === canonicalJson(other)
      expect((await fingerprintOf(one)) === (await fingerprintOf(other))).toBe(same)
    }),
    { numRuns: 1000 },
  )
})

test('written in slices of any size it is the same', () => {
  const halves = fc.constantFrom('\ud83d', '\ude00', '😀', 'a', '"', '\n')
  const texts = fc.dictionary(fc.string({ unit: halves }), fc.string({ unit: halves, maxLength: 40 }))
  fc.assert(
    fc.property(fc.oneof(json, texts), fc.integer({ min: 1, max: 30 }), (value, slice) => {
      const work = canonicalSlices(value, slice)
      let step = work.next()
      while (!step.done) step = work.next()
      expect(new TextDecoder('utf-8', { ignoreBOM: true }).decode(step.value)).toBe(canonicalJson(value))
    }),
    { numRuns: 3_000 },
  )
})

test('a fingerprint of what is long leaves the loop a turn after each mebibyte, and is that of its canonical JSON', async () => {
  const value = { picture: '😀"'.repeat(2 ** 20), list: Array.from({ length: 300_000 }, (_, index) => index) }
  let turns = 0
  let isOver = false
  const turn = (): void => {
    turns++
    if (!isOver) setImmediate(turn)
  }
  setImmediate(turn)
  const printed = await fingerprintOf(value)
  isOver = true
  expect(turns).toBeGreaterThanOrEqual(4)
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(canonicalJson(value)))
  expect(printed).toBe(Buffer.from(digest).toString('hex'))
})
