import type { Store } from '@sluice/core'
import { type Found, type Keeping, type Log, placeCursor, type StoredStream } from '@sluice/core/extend'
import { check, RUNS } from '@sluice/testing'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { type StoreCommand, storeCommands } from '../rig/commands.ts'
import type { StoreDriver } from '../rig/driver.ts'
import { expectHeld } from '../rig/held.ts'
import { type ModelStream, placeInModel, StoreModel } from '../rig/model.ts'
import { createFacts, CUT, KEEPING, NOTHING, openRig, type StoreRig } from '../rig/rig.ts'

const RETENTION_MS = 100
const TIMEOUT_MS = 180_000

type Command<Do extends StoreCommand['do']> = StoreCommand & { do: Do }

/** The same commands for a store and for the model. */
interface Comparison {
  rig: StoreRig
  keeping: Keeping
  model: StoreModel
  /** What each producer was given, and by which store. */
  produced: { stream: StoredStream; store: Store }[]
}

const storesOf = ({ rig }: Comparison): Store[] => [...new Set([rig.store, rig.other])]
const storeAt = (comparison: Comparison, at: number): Store => {
  const stores = storesOf(comparison)
  return stores[at % stores.length]!
}

async function compareRun(rig: StoreRig, keeping: Keeping, commands: readonly StoreCommand[]): Promise<void> {
  const comparison: Comparison = { rig, keeping, model: new StoreModel(keeping, rig.runtime.now()), produced: [] }
  const { model } = comparison
  for (const command of commands) {
    await step(comparison, command)
    // A remote store speaks of what this process holds: not of what is kept.
    if (!rig.remote) expectHeld(rig.store, model.events, model.usage())
  }
  for (const stream of model.all)
    for (const store of storesOf(comparison)) await compareStream(comparison, stream, store)
  for (const { facts, buried } of model.all) {
    if (buried) continue
    await rig.other.close(facts, CUT)
    await rig.other.erase(facts)
  }
  for (const store of storesOf(comparison)) await rig.eventually(() => expect(store.usage()).toEqual(NOTHING))
}

async function step(comparison: Comparison, command: StoreCommand): Promise<void> {
  const { rig, model, produced } = comparison
  if (command.do === 'pass') await rig.pass(command.ms)
  if (rig.runtime.now() > model.nowMs) model.passTo(rig.runtime.now())
  if (command.do === 'pass') return
  if (command.do === 'begin') return begin(comparison, command)
  if (command.do === 'renew') return renew(comparison, command)
  const index = command.which % Math.max(1, model.all.length)
  const stream = model.all[index]
  if (!stream) return
  if (command.do === 'append') {
    const taken = await rig.append(produced[index]!.stream, command.event)
    expect(taken).toBe(model.append(stream, command.event) === 'ok')
    return compareRecord(comparison, stream, produced[index]!.store).then(() => {})
  }
  const store = storeAt(comparison, command.at)
  // A stream is closed before it is erased. Who closes it tells the usage that was stored last, as the store would.
  const usage = model.usageOf(stream)
  const end = { ...(command.do === 'close' ? command.end : CUT), ...(usage && { usage }) }
  expect(await store.close(stream.facts, end)).toEqual(model.close(stream, end))
  if (command.do === 'erase') {
    await store.erase(stream.facts)
    stream.buried = true
  }
  await compareRecord(comparison, stream, store)
}

async function begin(comparison: Comparison, command: Command<'begin'>): Promise<void> {
  const { keeping, model, produced } = comparison
  const { tenant, owner, key, repeat, print } = command
  const idempotency = repeat === undefined ? undefined : { key: repeat, fingerprint: print }
  const facts = createFacts({ id: `s${model.all.length}`, tenant, owner, key, idempotency })
  const store = storeAt(comparison, command.at)
  const begun = await store.begin(facts, keeping)
  const wanted = model.begin(facts)
  expect([begun.is, 'stream' in begun ? begun.stream.facts.id : undefined]).toEqual([wanted.is, wanted.id])
  if (begun.is === 'new') produced.push({ stream: begun.stream, store })
}

async function renew(comparison: Comparison, { which, leaseMs }: Command<'renew'>): Promise<void> {
  const { model, produced } = comparison
  const asked = model.all.filter((_, index) => which.some((each) => each % model.all.length === index))
  const lost = asked.filter((stream) => !model.renew(stream, leaseMs)).map(({ facts }) => facts.id)
  const told: string[] = []
  for (const store of storesOf(comparison)) {
    const names = asked.map(({ facts }) => facts).filter(({ id }) => storeOf(produced, id) === store)
    told.push(...(await store.renew(names, leaseMs)).map(({ id }) => id))
  }
  expect(told.toSorted()).toEqual(lost.toSorted())
}

const storeOf = (produced: Comparison['produced'], id: string): Store | undefined =>
  produced.find(({ stream }) => stream.facts.id === id)?.store

/** Where the stream was not touched, its log may hear of it later. */
function compareRecord({ rig, model }: Comparison, stream: ModelStream, store: Store): Promise<Found> {
  const { id, tenant, owner, key } = stream.facts
  return rig.eventually(async () => {
    // What was waited for may have taken some of a stream's time.
    if (rig.runtime.now() > model.nowMs) model.passTo(rig.runtime.now())
    const { buried, state } = stream
    const { epoch, seq, end } = state
    const found = await store.find({ tenant, id }, 'read')
    expect(found.is).toBe(buried ? 'tombstone' : 'stream')
    if (found.is === 'stream') {
      const { log } = found.stream
      expect([log.epoch, log.lastSeq, log.end]).toEqual([epoch, seq, end])
    } else {
      expect(found).toEqual({ is: 'tombstone', tombstone: { facts: { id, tenant, owner, key }, epoch, seq, end } })
    }
    return found
  })
}

async function compareStream(comparison: Comparison, stream: ModelStream, store: Store): Promise<void> {
  const found = await compareRecord(comparison, stream, store)
  const { tenant, key } = stream.facts
  if (key !== undefined) {
    const live = await store.find({ tenant, key })
    expect(live.is === 'stream' ? live.stream.facts.id : undefined).toBe(comparison.model.liveOf(tenant, key)?.facts.id)
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

/** The store, looked at from everywhere, against the pure record machine and plain lists. */
export function describeDifferential(driver: StoreDriver): void {
  const virtual = driver.time !== 'real'
  const keeping = virtual ? { ...KEEPING, retentionMs: RETENTION_MS } : KEEPING
  describe('contract 3, 5 and 12, whatever is done to it', () => {
    const property = fc.asyncProperty(storeCommands(virtual, RETENTION_MS), async (commands) => {
      const rig = await openRig(driver, { another: true })
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
