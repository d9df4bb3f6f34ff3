/* oxlint-disable vitest/no-conditional-expect -- a model says what is to be expected */
import type { EndEvent } from '@sluice/core'
import { beginRecord, type RecordCommand, type RecordState, stepRecord } from '@sluice/core/extend'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { check, RUNS } from '../rig/core-rig.ts'

const END: EndEvent = { type: 'end', reason: 'stop', complete: true }
const CUT: EndEvent = { type: 'end', reason: 'cancelled', complete: false, cause: 'client' }
const LEASE_MS = 10

/** What a producer or an outsider may try next; epochs and positions are relative to the record. */
type Attempt =
  | { do: 'append'; epochsBehind: number; behind: number; count: number; end: boolean }
  | { do: 'renew'; epochsBehind: number }
  | { do: 'close' | 'expire' | 'takeOver' | 'repeat' }
  | { do: 'wait'; ms: number }

const attempts: fc.Arbitrary<Attempt[]> = fc.array(
  fc.oneof(
    fc.record({
      do: fc.constant('append' as const),
      epochsBehind: fc.constantFrom(0, 0, 0, 1, -1),
      behind: fc.constantFrom(0, 0, 0, 1, 3, -1, -2),
      count: fc.integer({ min: 1, max: 4 }),
      end: fc.constantFrom(false, false, false, true),
    }),
    fc.record({ do: fc.constant('renew' as const), epochsBehind: fc.constantFrom(0, 0, 1, -1) }),
    fc.record({ do: fc.constantFrom('close' as const, 'expire' as const, 'takeOver' as const, 'repeat' as const) }),
    fc.record({ do: fc.constant('wait' as const), ms: fc.nat({ max: 2 * LEASE_MS }) }),
  ),
  { maxLength: 40 },
)

function toCommand(attempt: Attempt, state: RecordState, nowMs: number): RecordCommand | undefined {
  switch (attempt.do) {
    case 'append': {
      const { epochsBehind, behind, count, end } = attempt
      const after = Math.max(0, state.seq - behind)
      return { type: 'append', epoch: state.epoch - epochsBehind, after, count, end: end ? END : undefined }
    }
    case 'renew':
      return { type: 'renew', epoch: state.epoch - attempt.epochsBehind, nowMs, leaseMs: LEASE_MS }
    case 'close':
      return { type: 'close', end: CUT }
    case 'expire':
      return { type: 'expire', nowMs, end: CUT }
    case 'takeOver':
      return { type: 'takeOver', nowMs, leaseMs: LEASE_MS }
    default:
      return undefined
  }
}

interface Taken {
  command: RecordCommand
  before: RecordState
  after: RecordState
  outcome: string
  nowMs: number
}

function play(list: readonly Attempt[]): Taken[] {
  let state = beginRecord(0, LEASE_MS)
  let nowMs = 0
  let latest: RecordCommand | undefined
  const taken: Taken[] = []
  for (const attempt of list) {
    if (attempt.do === 'wait') nowMs += attempt.ms
    const command = attempt.do === 'repeat' ? latest : toCommand(attempt, state, nowMs)
    if (!command) continue
    latest = command
    const { state: after, outcome } = stepRecord(state, command)
    taken.push({ command, before: state, after, outcome, nowMs })
    state = after
  }
  return taken
}

const always = (holds: (taken: Taken, all: readonly Taken[], index: number) => void): Promise<void> =>
  check(
    fc.property(attempts, (list) => {
      const all = play(list)
      for (const [index, taken] of all.entries()) holds(taken, all, index)
    }),
    { numRuns: 3 * RUNS },
  )

describe('contract 5, the record machine', () => {
  test('epochs and seqs never fall, and nothing changes without an "ok"', () =>
    always(({ before, after, outcome }) => {
      expect(after.epoch).toBeGreaterThanOrEqual(before.epoch)
      expect(after.seq).toBeGreaterThanOrEqual(before.seq)
      if (outcome !== 'ok') expect(after).toBe(before)
    }))

  test('a single writer: only the epoch that stands appends, and only right after the last event', () =>
    always(({ command, before, after, outcome }) => {
      if (command.type !== 'append') return
      if (command.epoch !== before.epoch) expect(outcome).toBe('fenced')
      else if (outcome === 'ok') {
        expect(command.after).toBe(before.seq)
        expect(after).toMatchObject({ seq: before.seq + command.count, epoch: before.epoch, end: command.end })
      } else if (command.after > before.seq && !before.end) expect(outcome).toBe('gap')
    }))

  test('a repeated append is recognised and applied once', () =>
    always(({ command, after, outcome, nowMs }) => {
      if (command.type !== 'append' || outcome !== 'ok') return
      for (let again = 0; again < 3; again++) {
        expect(stepRecord(after, command)).toEqual({ state: after, outcome: 'duplicate' })
      }
      const late = stepRecord(after, { type: 'close', end: CUT }).state
      expect(['fenced', 'duplicate']).toContain(stepRecord(late, command).outcome)
      expect(nowMs).toBeGreaterThanOrEqual(0)
    }))

  test('contract 3: there is one end, it never changes, and nothing follows it', () =>
    always(({ before, after, outcome }) => {
      if (!before.end) return
      expect(after).toBe(before)
      expect(['closed', 'fenced', 'duplicate']).toContain(outcome)
    }))

  test('an end written from outside takes the next seq and the next epoch: the producer is fenced', () =>
    always(({ command, before, after, outcome }) => {
      if ((command.type !== 'close' && command.type !== 'expire') || outcome !== 'ok') return
      expect(after).toMatchObject({ seq: before.seq + 1, epoch: before.epoch + 1, end: command.end })
      const zombie = { type: 'append', epoch: before.epoch, after: after.seq, count: 1 } as const
      expect(stepRecord(after, zombie).outcome).toBe('fenced')
      expect(stepRecord(after, { type: 'renew', epoch: before.epoch, nowMs: 0, leaseMs: 1 }).outcome).toBe('fenced')
    }))

  test('a lease is held until it lapses, and may then be taken', () =>
    always(({ command, before, after, outcome, nowMs }) => {
      if (command.type !== 'expire' && command.type !== 'takeOver') return
      const asked = 'nowMs' in command ? command.nowMs : nowMs
      if (before.end) expect(outcome).toBe('closed')
      else if (asked < before.leaseUntilMs) expect(outcome).toBe('held')
      else expect(outcome).toBe('ok')
      if (command.type === 'takeOver' && outcome === 'ok') {
        expect(after).toEqual({ ...before, epoch: before.epoch + 1, leaseUntilMs: asked + LEASE_MS })
      }
    }))

  test('a lapsed lease may be renewed while its epoch stands, never afterwards', () =>
    always(({ command, before, after, outcome }) => {
      if (command.type !== 'renew') return
      if (command.epoch !== before.epoch) expect(outcome).toBe('fenced')
      else if (before.end) expect(outcome).toBe('closed')
      else {
        expect(outcome).toBe('ok')
        expect(after).toEqual({ ...before, leaseUntilMs: command.nowMs + LEASE_MS })
      }
    }))

  test('I6: entries of an older epoch never come after those of a newer one', () =>
    always((_, all) => {
      const writers = all.filter(({ outcome, after, before }) => outcome === 'ok' && after.seq > before.seq)
      const epochs = writers.map(({ after }) => after.epoch)
      expect(epochs).toEqual(epochs.toSorted((a, b) => a - b))
    }))
})
