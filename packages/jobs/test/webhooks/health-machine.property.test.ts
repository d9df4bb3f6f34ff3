import { check } from '@sluice/testing'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import {
  admit,
  type HealthRules,
  type HealthState,
  HEALTHY,
  stepHealth,
} from '../../src/webhooks/machine/health-machine.ts'

const RULES: HealthRules = {
  breakAfter: 3,
  pauseMs: 100,
  maxPauseMs: 1_000,
  probeMs: 20,
  maxRetryAfterMs: 5_000,
  disableAfterMs: 10_000,
}

type Act =
  | { do: 'success' }
  | { do: 'failure'; status: number; retryAfterMs: number | undefined }
  | { do: 'admit' }
  | { do: 'disable' | 'enable' }
  | { do: 'wait'; ms: number }

const acts: fc.Arbitrary<Act[]> = fc.array(
  fc.oneof(
    { weight: 1, arbitrary: fc.record({ do: fc.constant('success' as const) }) },
    {
      weight: 6,
      arbitrary: fc.record({
        do: fc.constant('failure' as const),
        status: fc.oneof(
          { weight: 19, arbitrary: fc.constantFrom(500, 503, 429) },
          { weight: 1, arbitrary: fc.constant(410) },
        ),
        retryAfterMs: fc.option(fc.nat({ max: 20_000 }), { nil: undefined, freq: 3 }),
      }),
    },
    { weight: 6, arbitrary: fc.record({ do: fc.constant('admit' as const) }) },
    {
      weight: 1,
      arbitrary: fc.record({ do: fc.constantFrom('disable' as const, 'enable' as const, 'enable' as const) }),
    },
    { weight: 4, arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.nat({ max: 3_000 }) }) },
  ),
  { maxLength: 60, size: 'max' },
)

interface Taken {
  readonly act: Act
  readonly before: HealthState
  readonly state: HealthState
  readonly nowMs: number
  readonly verdict?: ReturnType<typeof admit>
}

function run(script: readonly Act[]): Taken[] {
  let [nowMs, state] = [1_000_000, HEALTHY]
  return script.map((act) => {
    const before = state
    if (act.do === 'wait') nowMs += act.ms
    if (act.do === 'admit') {
      const verdict = admit(state, nowMs, RULES)
      if (verdict.is === 'probe') ({ state } = verdict)
      return { act, before, state, nowMs, verdict }
    }
    if (act.do === 'success' || act.do === 'enable') state = stepHealth(state, { type: act.do }, RULES)
    if (act.do === 'disable') state = stepHealth(state, { type: 'disable', nowMs }, RULES)
    if (act.do === 'failure')
      state = stepHealth(state, { type: 'failure', nowMs, status: act.status, retryAfterMs: act.retryAfterMs }, RULES)
    return { act, before, state, nowMs }
  })
}

const always = (judge: (taken: Taken) => void): Promise<void> =>
  check(fc.property(acts, (script) => run(script).forEach(judge)))

describe('the health of a receiver', () => {
  test('after enough failures in a row, at most one attempt is on its way', () =>
    always(({ before, verdict, nowMs }) => {
      if (verdict?.is !== 'go' && verdict?.is !== 'probe') return
      expect(before.disabled).toBeUndefined()
      if (before.failures >= RULES.breakAfter) expect(verdict.is).toBe('probe')
      expect(nowMs).toBeGreaterThanOrEqual(Math.max(before.pausedUntilMs ?? 0, before.probeUntilMs ?? 0))
    }))

  test('with a probe on its way nothing else goes, until it has had its time', () => {
    const fails: Act = { do: 'failure', status: 500, retryAfterMs: undefined }
    const broken: Act[] = [{ do: 'enable' }, fails, fails, fails, { do: 'wait', ms: RULES.maxPauseMs }, { do: 'admit' }]
    return check(
      fc.property(acts, (script) => {
        const probes = run([...script, ...broken]).filter(({ verdict }) => verdict?.is === 'probe')
        expect(probes.length).toBeGreaterThan(0)
        for (const { state, nowMs } of probes) {
          expect(admit(state, nowMs + RULES.probeMs - 1, RULES)).toEqual({ is: 'wait', forMs: 1 })
          expect(admit(state, nowMs + RULES.probeMs, RULES).is).toBe('probe')
        }
      }),
    )
  })

  test('it is left alone for no longer than the longest pause, or than was asked for within bounds', () =>
    always(({ verdict, before }) => {
      if (verdict?.is !== 'wait') return
      expect(verdict.forMs).toBeGreaterThan(0)
      expect(verdict.forMs).toBeLessThanOrEqual(RULES.maxRetryAfterMs)
      if (before.pausedUntilMs === undefined) expect(verdict.forMs).toBeLessThanOrEqual(RULES.probeMs)
    }))

  test('one success makes everything forgotten, but not that it is switched off', () =>
    always(({ act, before, state }) => {
      if (act.do !== 'success') return
      expect(state).toEqual({ ...HEALTHY, ...(before.disabled && { disabled: before.disabled }) })
    }))

  test('410 switches it off at once, and days without a success do; nothing else that fails', () =>
    always(({ act, before, state, nowMs }) => {
      if (act.do !== 'failure') return
      if (before.disabled) return expect(state).toBe(before)
      if (act.status === 410) return expect(state.disabled).toEqual({ reason: 'gone', atMs: nowMs })
      if (!state.disabled) return undefined
      expect(state.disabled.reason).toBe('failing')
      return expect(nowMs - before.failingSinceMs!).toBeGreaterThanOrEqual(RULES.disableAfterMs)
    }))

  test('where nothing was tried for days, those days are none of failing', () => {
    const once = stepHealth(HEALTHY, { type: 'failure', nowMs: 0, status: 500 }, RULES)
    const muchLater = stepHealth(once, { type: 'failure', nowMs: RULES.disableAfterMs, status: 500 }, RULES)
    expect(muchLater.disabled).toBeUndefined()
    expect(muchLater.failingSinceMs).toBe(RULES.disableAfterMs)
    const between = stepHealth(once, { type: 'failure', nowMs: RULES.disableAfterMs - 1, status: 500 }, RULES)
    expect(stepHealth(between, { type: 'failure', nowMs: RULES.disableAfterMs, status: 500 }, RULES)).toMatchObject({
      disabled: { reason: 'failing' },
    })
  })

  test('each failed probe doubles the pause; failures that come together do not', () => {
    let [state, nowMs] = [HEALTHY, 0]
    const fail = (): void => void (state = stepHealth(state, { type: 'failure', nowMs, status: 500 }, RULES))
    for (let together = 0; together < 8; together++) fail()
    const pauses: number[] = []
    for (let probe = 0; probe < 6; probe++) {
      pauses.push(state.pausedUntilMs! - nowMs)
      nowMs = state.pausedUntilMs!
      fail()
    }
    expect(pauses).toEqual([100, 200, 400, 800, 1_000, 1_000])
  })

  test('Retry-After holds all deliveries, within bounds, before the breaker opens', () => {
    const asked = (retryAfterMs: number): unknown =>
      admit(stepHealth(HEALTHY, { type: 'failure', nowMs: 0, status: 429, retryAfterMs }, RULES), 0, RULES)
    expect(asked(700)).toEqual({ is: 'wait', forMs: 700 })
    expect(asked(1_000_000)).toEqual({ is: 'wait', forMs: RULES.maxRetryAfterMs })
    expect(asked(0)).toEqual({ is: 'go' })
  })
})
