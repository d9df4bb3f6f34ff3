import { check } from '@sluice/testing'
import fc from 'fast-check'
import { expect, test } from 'vitest'

import { bullIdOf, bullPriorityOf, idOfBull, isOfLock } from '../../src/bullmq/bull.ts'
import { keptScope, storedDocuments } from '../../src/bullmq/stored.ts'

const scope = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({ unit: 'grapheme' }),
  fc.constantFrom('', '=', '~', '~"a"', '\ud800', '"\ud800"'),
)
const head = (kept: string): string => `3 2 1 -7 1700000000000 - - queued ${kept}`

test('a scope is read as it was kept, through UTF-8, and no two are kept as one', () => {
  return check(
    fc.property(scope, scope, (one, other) => {
      const kept = [one, other].map((each) => Buffer.from(keptScope(each)).toString())
      expect(kept[0] === kept[1]).toBe(one === other)
      expect(storedDocuments('job', ['a', head(kept[0]!), '{"n":1}'])).toEqual([
        {
          kind: 'job',
          id: 'a',
          scope: one,
          state: 'queued',
          priority: -7,
          version: 3,
          lease: 2,
          value: { n: 1 },
          createdAtMs: 1_700_000_000_000,
        },
      ])
    }),
  )
})

test.each([
  ['', '1'],
  [`x${head('=s')}`, '1'],
  [head(''), '1'],
  [head('~1'), '1'],
  [head('~"'), '1'],
  [head('=s'), '{"cut":'],
  [head('=s'), ''],
])('what was not written so is refused: %j %j', (written, value) => {
  const scopeOf = (): unknown => storedDocuments('job', ['a', written, value])
  expect(scopeOf).toThrow(expect.objectContaining({ code: 'SLUICE_ERR_STORE' }))
})

test('what BullMQ calls an offer is no number, has no colon, and says whose it is', () => {
  const id = fc.stringMatching(/^[\w-]{1,128}$/)
  return check(
    fc.property(id, fc.nat(1_000), (job, attempt) => {
      const bullId = bullIdOf(job, attempt)
      expect(bullId).not.toMatch(/:|^\d+$|^0:/)
      expect(idOfBull(bullId)).toBe(job)
      expect(bullIdOf(job, attempt + 1)).not.toBe(bullId)
    }),
  )
})

test('who has more priority is brought first, and none is without one', () => {
  expect([1_000, 1, 0, -1_000].map(bullPriorityOf)).toEqual([1, 1_000, 1_001, 2_001])
})

test.each([
  ['could not renew lock for job a-0', true],
  ['Missing lock for job a-0. moveToFinished', true],
  ['Missing key for job a-0. moveToFinished', true],
  ['Job a-0 is not in the active state. moveToFinished', true],
  ['Lock mismatch for job a-0. Cmd moveToFinished from active', true],
  ['OOM command not allowed', false],
  ['connect ECONNREFUSED 127.0.0.1:6379', false],
])("what BullMQ says of an offer that is somebody else's is no news: %s", (message, is) => {
  expect(isOfLock(new Error(message))).toBe(is)
})
