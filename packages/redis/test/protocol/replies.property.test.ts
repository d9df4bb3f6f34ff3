import { isSluiceError } from '@sluice/core'
import { check } from '@sluice/testing'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { answerIn, CorrelationIds, ForeignKeys, MISPLACED } from '../../src/protocol/correlation.ts'
import { listIn, numberIn, pairsIn, streamIdIn, textIn, textsIn } from '../../src/protocol/replies.ts'

/** Anything, and more often what is nearly a reply of a script. */
const REPLIES = fc.oneof(
  fc.anything(),
  fc.string(),
  fc.double(),
  fc.integer(),
  fc.array(fc.string(), { maxLength: 5 }),
  fc.array(fc.oneof(fc.string(), fc.integer()), { maxLength: 3 }),
)

describe('a reply of another shape', () => {
  test('contract 12: is nobody’s answer, unless it says whose', () =>
    check(
      fc.property(fc.anything(), fc.anything(), (reply, answer) => {
        const own = new CorrelationIds().next()
        expect(answerIn(reply, own)).toBe(MISPLACED)
        expect(answerIn([own, answer], own)).toBe(answer)
        expect(answerIn([own, null, 'WRONGTYPE'], own)).toBeInstanceOf(ForeignKeys)
        expect(answerIn([own, null, 'WRONGTYPE'], new CorrelationIds().next() + own)).toBe(MISPLACED)
      }),
    ))

  const areTexts = (reply: unknown): boolean =>
    Array.isArray(reply) && reply.every((item: unknown) => typeof item === 'string')
  test.each<[string, (reply: unknown) => unknown, (reply: unknown) => boolean]>([
    ['a list', listIn, Array.isArray],
    ['texts', textsIn, areTexts],
    ['a text', textIn, (reply) => typeof reply === 'string'],
    ['a number', numberIn, (reply) => typeof reply === 'number' && Math.abs(reply) < 2 ** 53 && reply % 1 === 0],
    ['pairs', pairsIn, (reply) => areTexts(reply) && (reply as unknown[]).length % 2 === 0],
    ['the id of a stream', streamIdIn, (reply) => typeof reply === 'string' && /^[\w-]{0,64}$/.test(reply)],
  ])('contract 2: where there was to be %s fails with SLUICE_ERR_STORE, and may be asked for again', (_, take, fits) =>
    check(
      fc.property(REPLIES, (reply) => {
        let told: unknown
        try {
          take(reply)
        } catch (error) {
          told = isSluiceError(error) ? error.code : error
        }
        expect(told).toBe(fits(reply) ? undefined : 'SLUICE_ERR_STORE')
      }),
    ),
  )

  test('contract 2: half a pair is no pair', () => {
    expect(() => pairsIn(['a', 'b', 'c'])).toThrow('in a shape that its script does not have')
    expect([...pairsIn(['a', 'b'])]).toEqual([['a', 'b']])
  })
})
