/* oxlint-disable vitest/no-conditional-expect -- a model says what is to be expected */
import { createMemoryStore, type EndEvent, isSluiceError, type Store } from '@sluice/core'
import { type StoredStream, type StreamName } from '@sluice/core/extend'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { check, createVirtualRuntime, RUNS, type VirtualRuntime } from '../rig/core-rig.ts'
import { CUT, KEEPING, MAX_BYTES, MAX_TOMBSTONES, MemoryStoreModel } from '../rig/memory-store-model.ts'

const END: EndEvent = { type: 'end', reason: 'stop', complete: true }

interface Append {
  do: 'append'
  which: number
  size: number
}

type Step =
  | { do: 'begin'; tenant: string; owner: string; key: string | undefined; repeat: string | undefined; print: string }
  | Append
  | { do: 'finish' | 'close' | 'erase' | 'renew'; which: number }
  | { do: 'advance'; ms: number }

const which = fc.nat({ max: 30 })
const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({
        do: fc.constant('begin' as const),
        tenant: fc.constantFrom('', '1', 'a:', '11'),
        owner: fc.constantFrom('x', '1:x', ''),
        key: fc.constantFrom(undefined, 'k', ':k', '1k'),
        repeat: fc.constantFrom(undefined, undefined, 'r', 'xr'),
        print: fc.constantFrom('p', 'q'),
      }),
    },
    { weight: 4, arbitrary: fc.record({ do: fc.constant('append' as const), which, size: fc.nat({ max: 1500 }) }) },
    {
      weight: 4,
      arbitrary: fc.record({
        do: fc.constantFrom('finish' as const, 'close' as const, 'erase' as const, 'renew' as const),
        which,
      }),
    },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('advance' as const), ms: fc.nat({ max: 150 }) }) },
  ),
  { maxLength: 30 },
)

interface Bench {
  store: Store
  model: MemoryStoreModel
  runtime: VirtualRuntime
  names: StreamName[]
}

async function begin({ store, model, names }: Bench, step: Step & { do: 'begin' }): Promise<void> {
  const { tenant, owner, key, repeat, print } = step
  const idempotency = repeat === undefined ? undefined : { key: repeat, fingerprint: print }
  const facts = { id: `s${names.length}`, tenant, owner, key, meta: {}, wire: undefined, createdAtMs: 0, idempotency }
  const repeated = model.repeated(facts)
  const running = model.live(facts)
  if (!repeated && !running) model.evict()
  const refused = !repeated && !running && model.bytes > MAX_BYTES
  try {
    const begun = await store.begin(facts, KEEPING)
    expect(refused).toBe(false)
    if (repeated) {
      const same = repeated.facts.idempotency!.fingerprint === print
      expect(begun).toMatchObject(same ? { is: 'repeated', stream: { facts: repeated.facts } } : { is: 'mismatch' })
    } else if (running) expect(begun).toMatchObject({ is: 'running', stream: { facts: running.facts } })
    else {
      expect(begun.is).toBe('new')
      names.push(facts)
      const { log } = (begun as { stream: StoredStream }).stream
      model.streams.push({ facts, log, seq: 0, epoch: 1, end: undefined, expiresAtMs: Infinity })
    }
  } catch (error) {
    if (!isSluiceError(error)) throw error
    expect(error).toMatchObject({ code: 'SLUICE_ERR_OVERLOADED', status: 503 })
    expect(refused).toBe(true)
  }
}

async function act(bench: Bench, step: Step): Promise<void> {
  const { store, model, runtime, names } = bench
  if (step.do === 'begin') return begin(bench, step)
  if (step.do === 'advance') {
    await runtime.advance(step.ms)
    return model.expireDue(runtime.now())
  }
  const name = names[step.which % Math.max(1, names.length)] ?? { tenant: '', id: 'nobody' }
  const known = model.byId(name.id)
  if (step.do === 'close') {
    const closing = await store.close(name, CUT)
    const first = known !== undefined && !known.end
    if (first) {
      known.epoch++
      known.seq++
      model.finish(known, CUT, runtime.now())
    }
    const { end, epoch, seq } = known ?? {}
    expect(closing).toEqual(known ? { is: 'closed', first, end, epoch, seq } : { is: 'missing' })
  } else if (step.do === 'erase') {
    await store.erase(name)
    if (known) model.expire(known)
  } else if (step.do === 'renew') {
    expect(await store.renew([name], 10)).toEqual(known && !known.end ? [] : [name])
  } else if (known && !known.end) {
    const event = step.do === 'append' ? 'x'.repeat(step.size) : END
    expect(known.log.append(event)).toBe(true)
    known.seq++
    // The store may give up ended logs whenever a log has grown by a segment, at the latest at the next decision.
    if (step.do === 'finish') model.finish(known, END, runtime.now())
  }
}

async function compare({ store, model, names }: Bench): Promise<void> {
  for (const { tenant, id } of names) {
    const found = await store.find({ tenant, id })
    const known = model.byId(id)
    const tomb = model.tombs.find((other) => other.id === id)
    if (known) {
      expect(found).toMatchObject({ is: 'stream', stream: { facts: known.facts } })
      const { log } = (found as { stream: StoredStream }).stream
      expect([log.lastSeq, log.epoch, log.end]).toEqual([known.seq, known.epoch, known.end])
    } else if (tomb) {
      const { end, seq, epoch } = tomb
      expect(found).toMatchObject({ is: 'tombstone', tombstone: { end, seq, epoch } })
    } else expect(found).toEqual({ is: 'unknown' })
  }
  for (const { facts } of model.streams) {
    if (facts.key === undefined) continue
    const live = model.live(facts)
    const found = await store.find({ tenant: facts.tenant, key: facts.key })
    expect(found.is === 'stream' ? found.stream.facts.id : found.is).toBe(live ? live.facts.id : 'unknown')
  }
  const live = model.streams.filter(({ end }) => !end).length
  expect(store.usage()).toEqual({ bytes: model.bytes, streams: model.streams.length, live })
}

/** Ended logs may go as soon as a growing log begins a segment: the model follows what the store has given up by then. */
function follow({ store, model }: Bench): void {
  while (store.usage().streams < model.streams.length) {
    if (model.ended.length === 0) throw new Error('a live stream was given up')
    model.expire(model.ended[0]!)
  }
}

describe('the memory store against plain lists', () => {
  test('contract 3, 5, 12: begin, close, renew, erase, expiry and eviction do the same', () =>
    check(
      fc.asyncProperty(steps, async (list) => {
        const runtime = createVirtualRuntime()
        const store = createMemoryStore({ maxBytes: MAX_BYTES, maxTombstones: MAX_TOMBSTONES, runtime })
        const bench: Bench = { store, model: new MemoryStoreModel(), runtime, names: [] }
        for (const step of list) {
          await act(bench, step)
          // Over the cap, ended logs go once all have been told of the latest end.
          await runtime.advance(0)
          follow(bench)
          await compare(bench)
        }
        await store.dispose()
        expect(runtime.pendingTimers).toBe(0)
      }),
      { numRuns: RUNS },
    ))
})
