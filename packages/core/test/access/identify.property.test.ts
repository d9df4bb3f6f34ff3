import assert from 'node:assert/strict'
import { inspect } from 'node:util'
import { isSluiceError, type SluiceError } from '@sluice/core'
import { identifiedPrincipal, requirePrincipal, Scheduler } from '@sluice/core/extend'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  check,
  createVirtualRuntime,
  identifyAnswers,
  principals,
  verdictOnAnswer,
} from '../../../testing/src/index.ts'

const createScheduler = (): Scheduler => new Scheduler(createVirtualRuntime())

async function outcomeOf(asked: Promise<unknown>): Promise<{ value: unknown } | { error: SluiceError }> {
  try {
    return { value: await asked }
  } catch (error) {
    if (isSluiceError(error)) return { error }
    throw error
  }
}

/** The same answer, in each of the ways an application may give it. */
const ways: readonly ((answer: unknown) => unknown)[] = [
  (answer) => answer,
  (answer) => Promise.resolve(answer),
  // oxlint-disable-next-line unicorn/no-thenable -- what query builders give
  (answer) => ({ then: (done: (value: unknown) => void) => done(answer) }),
]

test('contract 12: nothing that identify can give passes for somebody but a principal, and for a stranger but nothing', () =>
  check(
    fc.asyncProperty(identifyAnswers, fc.constantFrom(...ways), async (answer, way) => {
      const scheduler = createScheduler()
      const outcome = await outcomeOf(requirePrincipal(scheduler, way(answer) as never))
      const verdict = verdictOnAnswer(answer)
      if (verdict === 'principal') return assert.deepEqual(outcome, { value: answer })
      assert.ok('error' in outcome, `${inspect(answer)} got through`)
      const { code, status, message } = outcome.error
      const expected = verdict === 'stranger' ? ['SLUICE_ERR_UNAUTHORIZED', 401] : ['SLUICE_ERR_OPTION', 500]
      assert.deepEqual([code, status], expected)
      assert.equal(verdict === 'fault', message.includes('"identify"'))
      return assert.equal(scheduler.pending, 0)
    }),
  ))

test('contract 12: a principal is handed on as it was given, whoever it is', () =>
  check(
    fc.asyncProperty(principals, async (principal) => {
      assert.equal(await requirePrincipal(createScheduler(), principal), principal)
    }),
  ))

test.each([
  ['a bare owner', 'ada-s-secret', 'a string'],
  ['the word that stands for the application', 'server', 'a string'],
  ['a list', ['ada-s-secret'], 'an array'],
  ['an object without an owner', { user: 'ada-s-secret' }, 'an object whose owner is missing'],
  ['a number as owner', { owner: 7 }, 'an object whose owner is a number'],
  ['an empty owner', { owner: '' }, 'an object whose owner is empty'],
  ['half a surrogate pair', { owner: 'ada\uD83D' }, 'an object whose owner has half a surrogate pair'],
  ['a tenant of null', { owner: 'ada', tenant: null }, 'an object whose tenant is null'],
  ['a tenant with half a pair', { owner: 'ada', tenant: '\uDE00' }, 'an object whose tenant has half a surrogate pair'],
  ['a date as time', { owner: 'ada', expiresAtMs: '2030-01-01' }, 'an object whose expiresAtMs is no number of'],
])('%s is an error of the server that says what was given, and not its content', async (_, answer, said) => {
  const error = await requirePrincipal(createScheduler(), answer as never).catch((error: unknown) => error)
  expect(error).toMatchObject({ code: 'SLUICE_ERR_OPTION', status: 500 })
  const { message } = error as Error
  expect(message).toMatch(/^The option "identify" gave /)
  expect(message).toContain(said)
  expect(message).not.toContain('secret')
})

test('what gave the answer is named where it is not identify', async () => {
  const asked = requirePrincipal(createScheduler(), 'ada' as never, 'tickets.redeem')
  await expect(asked).rejects.toThrow('The option "tickets.redeem" gave a string; it must give a principal')
})

test('contract 4: an identify that hangs is an error after 5 s, and leaves nothing behind', async () => {
  const runtime = createVirtualRuntime()
  const scheduler = new Scheduler(runtime)
  const outcome = outcomeOf(identifiedPrincipal(scheduler, new Promise(() => {})))
  await runtime.advance(4_999)
  expect(scheduler.pending).toBe(1)
  await runtime.advance(2)
  expect(await outcome).toMatchObject({ error: { code: 'SLUICE_ERR_OVERLOADED', status: 503, retryAfterMs: 1_000 } })
  expect(scheduler.pending).toBe(0)
})

test('what identify throws is handed on', async () => {
  const down = new Error('database is down')
  await expect(requirePrincipal(createScheduler(), Promise.reject(down))).rejects.toBe(down)
})
