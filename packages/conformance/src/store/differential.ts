import { type Found, type Keeping, type Log, placeCursor, type StoredStream } from '@sluice/core'
import { check, RUNS } from '@sluice/testing'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { type StoreCommand, storeCommands } from './commands.ts'
import type { StoreDriver } from './driver.ts'
import { type ModelStream, placeInModel, StoreModel } from './model.ts'
import { append, createFacts, CUT, KEEPING, openRig, type StoreRig } from './rig.ts'

const RETENTION_MS = 100
const TIMEOUT_MS = 120_000

type Command<Do extends StoreCommand['do']> = StoreCommand & { do: Do }

/** The same commands for a store and for the model. */
interface Comparison {
  rig: StoreRig
  keeping: Keeping
  model: StoreModel
  /** What each producer was given. */
  produced: StoredStream[]
}

async function compareRun(rig: StoreRig, keeping: Keeping, commands: readonly StoreCommand[]): Promise<void> {
  const comparison = { rig, keeping, model: new StoreModel(keeping), produced: [] }
  for (const command of commands) {
    await step(comparison, command)
    expect(rig.store.usage()).toEqual(comparison.model.usage())
  }
  for (const stream of comparison.model.all) await compareStream(comparison, stream)
}

async function step(comparison: Comparison, command: StoreCommand): Promise<void> {
  const { rig, model, produced } = comparison
  if (command.do === 'begin') return begin(comparison, command)
  if (command.do === 'renew') return renew(comparison, command)
  if (command.do === 'pass') {
    await rig.pass(command.ms)
    return model.pass(command.ms)
  }
  const index = command.which % Math.max(1, model.all.length)
  const stream = model.all[index]
  if (!stream) return
  if (command.do === 'append') {
    const taken = append(produced[index]!, command.event)
    expect(taken).toBe(model.append(stream, command.event) === 'ok')
  } else {
    // A stream is closed before it is erased.
    const end = command.do === 'close' ? command.end : CUT
    expect(await rig.store.close(stream.facts.id, end)).toBe(model.close(stream, end))
  }
  if (command.do === 'erase') {
    await rig.store.erase(stream.facts.id)
    stream.buried = true
  }
  await compareRecord(comparison, stream)
}

async function begin({ rig, keeping, model, produced }: Comparison, command: Command<'begin'>): Promise<void> {
  const { tenant, owner, key, repeat, print } = command
  const idempotency = repeat === undefined ? undefined : { key: repeat, fingerprint: print }
  const facts = createFacts({ id: `s${model.all.length}`, tenant, owner, key, idempotency })
  const begun = await rig.store.begin(facts, keeping)
  const wanted = model.begin(facts)
  expect([begun.is, 'stream' in begun ? begun.stream.facts.id : undefined]).toEqual([wanted.is, wanted.id])
  if (begun.is === 'new') produced.push(begun.stream)
}

async function renew({ rig, model }: Comparison, { which, leaseMs }: Command<'renew'>): Promise<void> {
  const asked = model.all.filter((_, index) => which.some((each) => each % model.all.length === index))
  const ids = asked.map(({ facts }) => facts.id)
  const lost = asked.filter((stream) => !model.renew(stream, leaseMs)).map(({ facts }) => facts.id)
  expect(new Set(await rig.store.renew(ids, leaseMs))).toEqual(new Set(lost))
}

async function compareRecord({ rig }: Comparison, { facts, state, buried }: ModelStream): Promise<Found> {
  const found = await rig.store.find({ id: facts.id })
  const { epoch, seq, end } = state
  expect(found.is).toBe(buried ? 'tombstone' : 'stream')
  if (found.is === 'stream') {
    const { log } = found.stream
    expect([log.epoch, log.lastSeq, log.end]).toEqual([epoch, seq, end])
  } else {
    const { id, tenant, owner, key } = facts
    expect(found).toEqual({ is: 'tombstone', tombstone: { facts: { id, tenant, owner, key }, epoch, seq, end } })
  }
  return found
}

async function compareStream(comparison: Comparison, stream: ModelStream): Promise<void> {
  const found = await compareRecord(comparison, stream)
  const { rig, model } = comparison
  const { tenant, key } = stream.facts
  if (key !== undefined) {
    const live = await rig.store.find({ tenant, key })
    expect(live.is === 'stream' ? live.stream.facts.id : undefined).toBe(model.liveOf(tenant, key)?.facts.id)
  }
  if (found.is !== 'stream') return
  expect(found.stream.facts).toEqual(stream.facts)
  compareLog(found.stream.log, stream)
}

function compareLog(log: Log, stream: ModelStream): void {
  const { events, facts, state } = stream
  for (const [index, { epoch, event }] of events.entries()) {
    const whole = typeof event === 'string' ? { type: 'text', text: event } : event
    expect(log.read(index, 1)).toEqual([{ event: whole, epoch, seq: index + 1 }])
  }
  for (let epoch = 1; epoch <= state.epoch + 1; epoch++) {
    for (let seq = 0; seq <= events.length + 1; seq++) {
      const place = placeCursor(log, { streamId: facts.id, epoch, seq })
      expect(`${epoch}.${seq} is ${place}`).toBe(`${epoch}.${seq} is ${placeInModel(stream, epoch, seq)}`)
    }
  }
}

/** The store against the pure record machine and plain lists. */
export function describeDifferential(driver: StoreDriver): void {
  const virtual = driver.time !== 'real'
  const keeping = virtual ? { ...KEEPING, retentionMs: RETENTION_MS } : KEEPING
  describe('contract 3, 5 and 12, whatever is done to it', () => {
    const property = fc.asyncProperty(storeCommands(virtual, RETENTION_MS), async (commands) => {
      const rig = await openRig(driver)
      try {
        await compareRun(rig, keeping, commands)
      } finally {
        await rig.dispose()
      }
    })
    test(
      'the store answers as the record machine and a naive model do',
      () => check(property, { numRuns: driver.runs ?? RUNS }),
      TIMEOUT_MS,
    )
  })
}
