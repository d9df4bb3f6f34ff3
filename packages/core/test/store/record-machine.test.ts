import type { EndEvent } from '@sluice/core'
import { beginRecord, type RecordCommand, type RecordState, stepRecord } from '@sluice/core/extend'
import { expect, test } from 'vitest'

const DONE: EndEvent = { type: 'end', reason: 'stop', complete: true }
const CUT: EndEvent = { type: 'end', reason: 'interrupted', complete: false, cause: 'lease' }
const LEASE_MS = 2
const DEPTH = 9

/** A producer that believes what it was last told: its epoch, its position, and the append it may have to repeat. */
interface Writer {
  epoch: number
  seq: number
  unanswered: (RecordCommand & { type: 'append' }) | undefined
}

interface World {
  record: RecordState
  nowMs: number
  writers: readonly [Writer, Writer]
  /** Who wrote each event: `<epoch>`. */
  written: readonly number[]
  ends: number
}

type Move = (world: World) => World | undefined

function append(which: 0 | 1, how: 'answered' | 'lost', end: EndEvent | undefined): Move {
  return (world) => {
    const writer = world.writers[which]
    if (writer.epoch === 0) return undefined
    const command = writer.unanswered ?? {
      type: 'append' as const,
      epoch: writer.epoch,
      after: writer.seq,
      count: 1,
      end,
    }
    const { state, outcome } = stepRecord(world.record, command)
    const done = outcome === 'ok' || outcome === 'duplicate'
    const next: Writer =
      how === 'lost'
        ? { ...writer, unanswered: command }
        : { ...writer, unanswered: undefined, seq: done ? command.after + command.count : writer.seq }
    return settle(world, state, which === 0 ? [next, world.writers[1]] : [world.writers[0], next])
  }
}

function settle(world: World, record: RecordState, writers: World['writers'] = world.writers): World {
  const grown = Array.from({ length: record.seq - world.record.seq }, () => record.epoch)
  const ends = world.ends + (record.end !== world.record.end ? 1 : 0)
  return { ...world, record, writers, written: [...world.written, ...grown], ends }
}

const takeOver: Move = (world) => {
  const { state, outcome } = stepRecord(world.record, { type: 'takeOver', nowMs: world.nowMs, leaseMs: LEASE_MS })
  if (outcome !== 'ok') return undefined
  const taker: Writer = { epoch: state.epoch, seq: state.seq, unanswered: undefined }
  return settle(world, state, [world.writers[0], taker])
}
const renew: Move = (world) => {
  const { epoch } = world.writers[0]
  return settle(world, stepRecord(world.record, { type: 'renew', epoch, nowMs: world.nowMs, leaseMs: LEASE_MS }).state)
}
const MOVES: readonly Move[] = [
  append(0, 'answered', undefined),
  append(0, 'lost', undefined),
  append(0, 'lost', DONE),
  append(0, 'answered', DONE),
  append(1, 'answered', undefined),
  append(1, 'answered', DONE),
  (world) => settle(world, stepRecord(world.record, { type: 'close', end: CUT }).state),
  (world) => settle(world, stepRecord(world.record, { type: 'expire', nowMs: world.nowMs, end: CUT }).state),
  (world) => ({ ...world, nowMs: world.nowMs + 1 }),
  takeOver,
  renew,
]

test('contract 3, 5: two producers, crashes, lost replies, lease, take-over and cancel in every order up to 9 steps', () => {
  const begun: World = {
    record: beginRecord(0, LEASE_MS),
    nowMs: 0,
    writers: [
      { epoch: 1, seq: 0, unanswered: undefined },
      { epoch: 0, seq: 0, unanswered: undefined },
    ],
    written: [],
    ends: 0,
  }
  let level = new Map([[JSON.stringify(begun), begun]])
  let worlds = 0
  for (let depth = 0; depth < DEPTH; depth++) {
    const next = new Map<string, World>()
    for (const world of level.values()) {
      for (const move of MOVES) {
        const moved = move(world)
        if (!moved) continue
        assertSound(world, moved)
        next.set(JSON.stringify(moved), moved)
        worlds++
      }
    }
    level = next
  }
  expect(worlds).toBeGreaterThan(3_000)
})

function assertSound(before: World, after: World): void {
  const { written, record, ends } = after
  const problem =
    written.length !== record.seq
      ? 'events were skipped'
      : ends > 1
        ? 'two ends'
        : (record.end !== undefined) !== (ends === 1)
          ? 'the end was lost'
          : before.record.end && record.seq !== before.record.seq
            ? 'something followed the end'
            : record.epoch < before.record.epoch
              ? 'the epoch fell'
              : written.some((epoch, index) => epoch < (written[index - 1] ?? 0))
                ? 'an older producer wrote after a newer one'
                : undefined
  if (problem) throw new Error(`${problem}: ${JSON.stringify({ before, after })}`)
}
