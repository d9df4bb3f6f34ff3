import type { Json } from '@sluice/core'
import { canonicalJson, fingerprintOf } from '@sluice/core/extend'
import fc from 'fast-check'
import { expect, test } from 'vitest'

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
