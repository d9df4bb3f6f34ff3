import type { EndEvent } from '@sluice/core'
import { describe, expect, test } from 'vitest'

import { ClientError } from '../../src/errors/client-error.ts'
import type { LinkInput } from '../../src/machine/resume-input.ts'
import { createResumeMachine, type ResumeMachine, type ResumeMachineOptions } from '../../src/machine/resume-machine.ts'
import { DEFAULT_RESUME_OPTIONS, resolveResumeOptions } from '../../src/machine/resume-options.ts'

const END: EndEvent = { type: 'end', reason: 'stop', complete: true }
const broken = (retryAfterMs?: number): LinkInput => ({
  type: 'broken',
  error: new ClientError('SLUICE_ERR_READING_CLOSED', 'cut', { retryAfterMs }),
})

/** A machine whose first connection is under way. */
function begun(options: Partial<ResumeMachineOptions> = {}) {
  const defaults = { ...DEFAULT_RESUME_OPTIONS, random: () => 1, repeatable: true, authorizes: false }
  const machine = createResumeMachine({ ...defaults, ...options })
  let link = 0
  const note = (effects: ReturnType<ResumeMachine['step']>): string[] => {
    for (const effect of effects) if (effect.type === 'connect') link = effect.link
    return effects.map(({ type }) => type)
  }
  expect(note(machine.step({ type: 'begin' }, 0))).toEqual([options.authorizes ? 'authorize' : 'connect'])
  return {
    machine,
    say: (said: LinkInput, nowMs = 0) => note(machine.step({ type: 'link', link, said }, nowMs)),
    step: (type: 'timer' | 'wake' | 'offline' | 'authorized' | 'detach', nowMs = 0) =>
      note(machine.step({ type }, nowMs)),
    pause: (paused: boolean, nowMs: number) => note(machine.step({ type: 'paused', paused }, nowMs)),
  }
}

/** Lets every connection fail, and gives how long each was waited for. */
function delays(options: Partial<ResumeMachineOptions>, attempts: number, said = broken()): number[] {
  const { machine, say, step } = begun(options)
  let nowMs = 0
  return Array.from({ length: attempts }, () => {
    say(said, nowMs)
    const delayMs = machine.dueMs - nowMs
    nowMs = machine.dueMs
    expect(step('timer', nowMs)).toEqual(['connect'])
    return delayMs
  })
}

describe('contract 4: a connection that breaks is made anew', () => {
  test('after a delay that doubles up to a cap, drawn from nothing up to it', () => {
    expect(delays({}, 8)).toEqual([500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000])
    expect(delays({ random: () => 0.25 }, 3)).toEqual([125, 250, 500])
    expect(delays({ random: () => 0 }, 3)).toEqual([0, 0, 0])
  })

  test('never before Retry-After is over, and not at once then', () => {
    expect(delays({ random: () => 0.5 }, 2, broken(10_000))).toEqual([10_250, 10_500])
  })

  test('with the first delay that the server wishes for', () => {
    const { machine, say } = begun()
    say({ type: 'retry', retryMs: 3_000 })
    say(broken())
    expect(machine.dueMs).toBe(3_000)
  })

  test('so often without any event, and no more', () => {
    const { machine, say, step } = begun({ maxAttempts: 2 })
    say(broken())
    step('timer', machine.dueMs)
    say({ type: 'opened', cursor: 's.1.0' })
    say(broken())
    step('timer', machine.dueMs)
    expect(say(broken())).toEqual(['disconnect', 'over'])
    expect(machine.status).toBe('ended')
  })

  test('as often as it takes, where each brings an event; quickly again once it has lasted', () => {
    const { machine, say, step } = begun({ maxAttempts: 1 })
    let nowMs = 0
    const waited = [0, 0, 6_000, 0].map((lastsMs, index) => {
      say({ type: 'opened', cursor: `s.1.${index}` }, nowMs)
      nowMs += lastsMs
      say({ type: 'event', cursor: `s.1.${index + 1}` }, nowMs)
      say(broken(), nowMs)
      const delayMs = machine.dueMs - nowMs
      nowMs = machine.dueMs
      step('timer', nowMs)
      return delayMs
    })
    expect(waited).toEqual([500, 1_000, 500, 1_000])
  })

  test('at once when the page wakes or is online again, but not before Retry-After is over', () => {
    const { say, step, machine } = begun()
    say(broken())
    expect(step('wake', 1)).toEqual(['connect'])
    say(broken(9_000), 1)
    expect(step('wake', 2)).toEqual([])
    expect(machine.dueMs).toBe(9_001)
  })

  test('without being counted while there is no network', () => {
    const { machine, say, step } = begun({ maxAttempts: 1 })
    step('offline')
    for (let index = 0; index < 10; index++) {
      say(broken())
      step('timer', machine.dueMs)
    }
    expect(machine.status).toBe('connecting')
  })

  test('not at all where the request must not be repeated and its answer was lost', () => {
    expect(begun({ repeatable: false }).say(broken())).toEqual(['disconnect', 'over'])
    const { say } = begun({ repeatable: false })
    say({ type: 'opened', cursor: 's.1.0' })
    expect(say(broken())).toEqual(['disconnect', 'status'])
  })

  test('soon, and without a word, where the server planned it', () => {
    const { machine, say } = begun({ random: () => 0.5 })
    say({ type: 'opened', cursor: 's.1.0' })
    say({ type: 'retry', retryMs: 100 })
    expect(say({ type: 'closed', code: 'rotate', cursor: 's.1.3' })).toEqual(['disconnect'])
    expect([machine.status, machine.dueMs, machine.cursor]).toEqual(['waiting', 50, 's.1.3'])
  })
})

describe('contract 4: what lives is told from what only looks alive', () => {
  test('a connection on which nothing comes counts as lost', () => {
    const { machine, say, step } = begun()
    say({ type: 'opened', cursor: 's.1.0' }, 1_000)
    say({ type: 'alive' }, 2_000)
    expect(machine.dueMs).toBe(47_000)
    expect(step('timer', 46_999)).toEqual([])
    expect(step('timer', 47_000)).toEqual(['disconnect', 'status'])
  })

  test('heartbeats do not hide that nothing is said: once it is tried again, then it fails', () => {
    const { machine, say, step } = begun({ silenceMs: 20_000, progressMs: 60_000 })
    const beat = (fromMs: number): void => {
      for (let nowMs = fromMs; nowMs < fromMs + 60_000; nowMs += 15_000) say({ type: 'alive' }, nowMs)
    }
    beat(0)
    expect(step('timer', 60_000)).toEqual(['disconnect'])
    step('timer', machine.dueMs)
    beat(61_000)
    expect(machine.step({ type: 'timer' }, 121_000)).toMatchObject([
      { type: 'disconnect' },
      { type: 'over', error: { code: 'SLUICE_ERR_TIMEOUT' } },
    ])
  })

  test('nothing is missed while its own reader takes nothing', () => {
    const { machine, pause } = begun()
    pause(true, 10)
    expect(machine.dueMs).toBe(Infinity)
    pause(false, 1_000_000)
    expect(machine.dueMs).toBe(1_045_000)
  })

  test('a page that slept longer than heartbeats are apart makes its connection anew', () => {
    const { say, step } = begun()
    say({ type: 'opened', cursor: 's.1.0' }, 0)
    expect(step('wake', 20_000)).toEqual([])
    expect(step('wake', 40_000)).toEqual(['disconnect', 'status', 'connect'])
  })

  test('so does one that had no network, for it would not be told', () => {
    const { say, step } = begun()
    say({ type: 'opened', cursor: 's.1.0' }, 0)
    expect(step('offline', 100)).toEqual([])
    expect(step('wake', 200)).toEqual(['disconnect', 'status', 'connect'])
    expect(step('wake', 300)).toEqual([])
  })
})

describe('contract 2: an end is an end', () => {
  test.each(['trimmed', 'epoch', 'storage'])('closed: %s is final, and no end', (code) => {
    const { machine, say } = begun()
    say({ type: 'opened', cursor: 's.1.0' })
    expect(say({ type: 'closed', code })).toEqual(['disconnect', 'over'])
    expect(machine.status).toBe('ended')
  })

  test('after the end nothing is heard, and nothing is done', () => {
    const { machine, say, step } = begun()
    say({ type: 'opened', cursor: 's.1.0' })
    expect(say({ type: 'event', cursor: 's.1.1', end: END })).toEqual(['deliver', 'disconnect', 'over'])
    for (const type of ['timer', 'wake', 'offline', 'authorized', 'detach'] as const)
      expect(step(type, 1e9)).toEqual([])
    expect(say(broken())).toEqual([])
    expect(machine.dueMs).toBe(Infinity)
  })

  test('a refusal is final', () => {
    const error = new ClientError('SLUICE_ERR_NOT_FOUND', '', { status: 404 })
    expect(begun().say({ type: 'refused', error })).toEqual(['disconnect', 'over'])
  })

  test('contract 4: a fresh credential that expires at once is renewed after a delay that grows, and not for ever', () => {
    const { machine, say, step } = begun({ authorizes: true, maxAttempts: 6 })
    step('authorized')
    const expire = (nowMs: number): string[] => {
      say({ type: 'opened', cursor: 's.1.0' }, nowMs)
      return say({ type: 'closed', code: 'unauthorized', cursor: 's.1.0' }, nowMs)
    }
    const error = new ClientError('SLUICE_ERR_UNAUTHORIZED', '', { status: 401 })
    expect(expire(0)).toEqual(['disconnect', 'authorize'])
    step('authorized')
    expect([expire(0), machine.dueMs]).toEqual([['disconnect', 'status'], 500])
    expect(step('timer', 500)).toEqual(['connect'])
    expect(say({ type: 'refused', error }, 500)).toEqual(['disconnect', 'authorize'])
    step('authorized', 500)
    expect([expire(500).at(-1), machine.dueMs]).toEqual(['status', 1_500])
    step('timer', 1_500)
    expect(expire(1_500).at(-1)).toBe('over')
  })

  test('contract 4: one that lasted is renewed at once, however long nothing is said', () => {
    const { machine, say, step } = begun({ authorizes: true, maxAttempts: 2, progressMs: Infinity })
    step('authorized')
    for (let nowMs = 0; nowMs < 10 * 300_000; nowMs += 300_000) {
      say({ type: 'opened', cursor: 's.1.0' }, nowMs)
      expect(say({ type: 'closed', code: 'unauthorized', cursor: 's.1.0' }, nowMs + 299_000).at(-1)).toBe('authorize')
      step('authorized', nowMs + 300_000)
    }
    expect(machine.status).not.toBe('ended')
  })

  test('a credential that is refused is renewed once, and where it expires on the way', () => {
    const error = new ClientError('SLUICE_ERR_UNAUTHORIZED', '', { status: 401 })
    expect(begun().say({ type: 'refused', error })).toEqual(['disconnect', 'over'])
    const { say, step } = begun({ authorizes: true })
    expect(step('wake')).toEqual([])
    expect(step('authorized')).toEqual(['connect'])
    expect(say({ type: 'refused', error })).toEqual(['disconnect', 'authorize'])
    step('authorized')
    say({ type: 'opened', cursor: 's.1.0' })
    expect(say({ type: 'closed', code: 'unauthorized', cursor: 's.1.0' })).toEqual(['disconnect', 'authorize'])
    step('authorized')
    expect(say({ type: 'refused', error })).toEqual(['disconnect', 'over'])
  })
})

test.each([
  ['an unknown name', { basMs: 1 }, 'The option "resume.basMs"'],
  ['a negative number', { baseMs: -1 }, 'The option "resume.baseMs" is -1'],
  ['no number', { capMs: '5' }, 'The option "resume.capMs" is "5"'],
])('%s is refused by name', (_, options, message) => {
  expect(() => resolveResumeOptions(options as object)).toThrow(message)
})
